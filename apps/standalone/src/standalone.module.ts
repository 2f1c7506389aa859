// Aggregator, fan-out, gateway and (with a registration) the bridge in one process on one log. Invariant: the same modules as in the three services; only the
// log's adapter and the right to create topics differ.

import { AggregatorModule } from '#apps/aggregator';
import { BridgeModule } from '#apps/bridge';
import { FanoutModule } from '#apps/fanout';
import { GatewayModule } from '#apps/gateway';
import { copyTopic, isCopyDone, topicSpecs } from '#libs/contracts';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { KafkaEventLog } from '#libs/event-log-kafka';
import { LogModule, createMissingTopics, requireWholeCopy, type Configuration } from '#libs/runtime';
import { Module, type DynamicModule } from '@nestjs/common';

@Module({})
export class StandaloneModule {
  static compose({ kafka, bridge }: Configuration): DynamicModule {
    const log = LogModule.with({
      open: (configuration, journal) =>
        kafka === undefined
          ? EmbeddedEventLog.open({ directory: configuration.dataDirectory })
          : KafkaEventLog.connect({ ...kafka, logger: journal }),
      prepare: async (opened, { topics }) => {
        await requireWholeCopy(opened, copyTopic(topics.prefix), isCopyDone);
        await createMissingTopics(opened, topicSpecs(topics));
      },
    });
    const feeding = bridge === undefined ? [] : [BridgeModule];
    return { module: StandaloneModule, imports: [log, AggregatorModule, FanoutModule, GatewayModule, ...feeding] };
  }
}
