// /health/live, /health/ready and /metrics of every process that serves HTTP. Invariant: no probe waits for anything, and
// none of them asks who is asking: they hold no user's data.

import { Controller, Get, Header, HttpCode, HttpException, Inject } from '@nestjs/common';
import { HealthRegistry, type HealthReport } from './observing/health.js';
import { Metrics } from './observing/metrics.js';

const SERVICE_UNAVAILABLE = 503;
const OK = 200;

@Controller()
export class OperationsController {
  constructor(
    @Inject(HealthRegistry) private readonly health: HealthRegistry,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  @Get('health/live')
  @HttpCode(OK)
  live(): HealthReport {
    return orUnavailable(this.health.live());
  }

  @Get('health/ready')
  @HttpCode(OK)
  ready(): HealthReport {
    return orUnavailable(this.health.ready());
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  exposition(): Promise<string> {
    return this.metrics.exposition();
  }
}

function orUnavailable(report: HealthReport): HealthReport {
  if (!report.well) throw new HttpException(report, SERVICE_UNAVAILABLE);
  return report;
}
