// The deployment files stand on what exists: every COPY, command, mounted file, variable and metric. No Docker engine is
// needed to see most of what breaks an image; each check is shown a broken file that it must refuse.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VARIABLE_NAMES, readConfiguration, type ProcessName } from '#libs/runtime';
import { repositoryRoot } from '#libs/testing';
import { readDockerfile, readYaml } from './deployment-files.js';
import { declaredMetrics, expressionFaults, metricOf } from './metric-catalogue.js';
import { syntaxFaults } from './promql.js';

const root = repositoryRoot();
const at = (path: string): string => join(root, path);
const textOf = (path: string): string => readFileSync(at(path), 'utf8');
const DOCKERFILE = 'apps/standalone/deploy/Dockerfile';
const ALERTS = 'apps/standalone/deploy/alerts.yml';
const METRICS = declaredMetrics();
const DASHBOARD = 'apps/standalone/deploy/grafana/rollcall.json';

/** The source of a built file. */
const sourceOf = (built: string): string => built.replace(/^dist\//, '').replace(/\.js$/, '.ts');

function copyFaults(words: readonly string[], stages: ReadonlySet<string>): string[] {
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  if (from !== undefined) return stages.has(from) ? [] : [`no stage ${from}`];
  return words
    .slice(0, -1)
    .filter((path) => !existsSync(at(path)))
    .map((path) => `COPY ${path}: does not exist`);
}

function commandFaults(words: readonly string[]): string[] {
  return words
    .filter((word) => /\.(js|json)$/.test(word))
    .filter((word) => !existsSync(at(word.startsWith('dist/') ? sourceOf(word) : word)))
    .map((word) => `${word} does not exist`);
}

function dockerfileFaults(text: string): string[] {
  const faults: string[] = [];
  const stages = new Set<string>();
  for (const { name, text: rest } of readDockerfile(text)) {
    const words = rest.split(/\s+/);
    if (name === 'FROM') {
      if (!stages.has(words[0] ?? '') && !/:[\w.-]*\d[\w.-]*$/.test(words[0] ?? ''))
        faults.push(`FROM ${rest}: no version`);
      if (words[1] === 'AS') stages.add(words[2] ?? '');
    } else if (name === 'COPY') faults.push(...copyFaults(words, stages));
    else if (name === 'RUN') faults.push(...commandFaults(words));
    else if (name === 'CMD') faults.push(...commandFaults(JSON.parse(rest) as string[]));
    else if (!['WORKDIR', 'ENV', 'USER', 'VOLUME', 'EXPOSE'].includes(name)) faults.push(`unknown instruction ${name}`);
  }
  return faults;
}

interface Service {
  readonly profiles?: readonly string[];
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly deploy?: { readonly replicas: string };
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** Which process a service is, by the program that it runs. */
const processOf = ({ command = [] }: Service): string | undefined =>
  /^dist\/apps\/(gateway|aggregator|fanout|bridge)\/src\/main\.js$/.exec(command.at(-1) ?? '')?.[1];

function configurationFaults(name: string, service: Service): string[] {
  const { environment = {} } = service;
  const unknown = Object.keys(environment).filter(
    (variable) => !(VARIABLE_NAMES as readonly string[]).includes(variable),
  );
  const mounted = Object.fromEntries(
    Object.entries(environment).map(([variable, value]) => [
      variable,
      // The registration is written by the operator: a file that is there stands for it.
      value
        .replace('/etc/rollcall/registrations/rollcall.yaml', at('apps/bridge/deploy/registrations/README.md'))
        .replace('/etc/rollcall/', at('apps/standalone/deploy/')),
    ]),
  );
  try {
    readConfiguration(mounted, processOf(service) as ProcessName);
    return unknown.map((variable) => `${name}: no variable ${variable}`);
  } catch (error) {
    return [`${name}: ${(error as Error).message}`];
  }
}

function serviceFaults(name: string, service: Service, compose: Compose): string[] {
  const faults = commandFaults(service.command ?? []).map((fault) => `${name}: ${fault}`);
  for (const volume of service.volumes ?? []) {
    const source = volume.split(':')[0] ?? '';
    if (source.startsWith('./') ? !existsSync(at(source)) : !(source in compose.volumes))
      faults.push(`${name}: ${source} does not exist`);
  }
  for (const port of service.ports ?? [])
    if (!port.startsWith('127.0.0.1:')) faults.push(`${name}: ${port} is open to the network`);
  for (const other of Object.keys(service.depends_on ?? {}))
    if (!(other in compose.services)) faults.push(`${name}: no service ${other}`);
  if (service.build === undefined) {
    if (!/:v?\d/.test(service.image)) faults.push(`${name}: ${service.image} has no version`);
  } else if (!existsSync(at(service.build.dockerfile))) faults.push(`${name}: no ${service.build.dockerfile}`);
  if (processOf(service) !== undefined) faults.push(...configurationFaults(name, service));
  return faults;
}

function composeFaults(text: string): string[] {
  const compose = readYaml(text) as unknown as Compose;
  return Object.entries(compose.services).flatMap(([name, service]) => serviceFaults(name, service, compose));
}

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

function dashboardExpressions(text: string): string[] {
  return (JSON.parse(text) as Dashboard).panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

function rulesIn(text: string): readonly Rule[] {
  const { groups } = readYaml(text) as unknown as { groups: { rules: Rule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

function ruleFaults(rule: Rule): string[] {
  const faults = expressionFaults(rule.expr, METRICS).map((fault) => `${rule.alert}: ${fault}`);
  if (!/ (>|<|==) \d/.test(rule.expr)) faults.push(`${rule.alert}: compares nothing`);
  if (!/^\d+[smh]$/.test(rule.for)) faults.push(`${rule.alert}: for is ${rule.for}`);
  if (!['page', 'warn'].includes(rule.labels.severity)) faults.push(`${rule.alert}: severity ${rule.labels.severity}`);
  for (const name of ['summary', 'description'] as const)
    if (rule.annotations[name].length < 20) faults.push(`${rule.alert}: no ${name}`);
  return faults;
}

describe('the Dockerfile', () => {
  it('copies and runs what exists', () => {
    expect(dockerfileFaults(textOf(DOCKERFILE))).toEqual([]);
  });

  it.each([
    ['COPY nowhere dest', 'COPY nowhere: does not exist'],
    ['COPY --from=nobody a b', 'no stage nobody'],
    ['CMD ["node", "dist/apps/nobody/src/main.js"]', 'dist/apps/nobody/src/main.js does not exist'],
    ['FROM node:latest', 'FROM node:latest: no version'],
    ['COPPY libs libs', 'unknown instruction COPPY'],
  ])('would be refused with %s', (line, fault) => {
    expect(dockerfileFaults(`${textOf(DOCKERFILE)}\n${line}\n`)).toEqual([fault]);
  });
});

describe('docker-compose.yml', () => {
  const text = textOf('docker-compose.yml');

  it('starts what exists, with variables that the services take, for this machine only', () => {
    expect(composeFaults(text)).toEqual([]);
  });

  it('holds Kafka, the three services, two aggregators among them, a topic browser, Prometheus and Grafana', () => {
    const { services } = readYaml(text) as unknown as Compose;
    const alone = Object.entries(services).filter(([, { profiles }]) => profiles === undefined);
    expect(alone.map(([name]) => name)).toEqual([
      'kafka',
      'topics',
      'aggregator',
      'fanout',
      'gateway',
      'browser',
      'prometheus',
      'grafana',
    ]);
    expect(services['aggregator']?.deploy?.replicas).toBe('2');
    const withHomeserver = Object.entries(services).filter(([, { profiles }]) => profiles?.includes('homeserver'));
    expect(withHomeserver.map(([name]) => name)).toEqual(['bridge', 'homeserver-gateway']);
  });

  it.each([
    [
      'dist/apps/fanout/src/main.js',
      'dist/apps/fan-out/src/main.js',
      'fanout: dist/apps/fan-out/src/main.js does not exist',
    ],
    ['ADMIN_TOKEN:', 'ADMIN_TOKENS:', 'gateway: no variable ADMIN_TOKENS'],
    [
      'dist/apps/bridge/src/main.js',
      'dist/apps/brigde/src/main.js',
      'bridge: dist/apps/brigde/src/main.js does not exist',
    ],
    ['./apps/bridge/deploy/registrations', './registrations', 'bridge: ./registrations does not exist'],
    ['./apps/standalone/deploy/prometheus.yml', './prometheus.yml', 'prometheus: ./prometheus.yml does not exist'],
    ['127.0.0.1:3000:3000', '3000:3000', 'grafana: 3000:3000 is open to the network'],
    ['prom/prometheus:v3.4.0', 'prom/prometheus', 'prometheus: prom/prometheus has no version'],
  ])('would be refused with %s as %s', (right, wrong, fault) => {
    expect(composeFaults(text.replace(right, wrong))).toEqual([fault]);
  });

  it('would be refused with a gateway that cannot tell who its users are', () => {
    const [fault] = composeFaults(text.replace('STATIC_TOKENS_FILE: /etc/rollcall/tokens.json', 'PUT_BURST: "20"'));
    expect(fault).toContain('STATIC_TOKENS_FILE');
  });
});

describe('the dashboard and the alerts', () => {
  const dashboard = textOf(DASHBOARD);
  const alerts = textOf(ALERTS);

  it('ask for metrics, labels and kinds that exist', () => {
    expect(dashboardExpressions(dashboard).flatMap((expression) => expressionFaults(expression, METRICS))).toEqual([]);
    expect(rulesIn(alerts).flatMap(ruleFaults)).toEqual([]);
    expect(rulesIn(alerts).length).toBeGreaterThan(15);
  });

  it('are PromQL', () => {
    const expressions = [...dashboardExpressions(dashboard), ...rulesIn(alerts).map(({ expr }) => expr)];
    expect(expressions.flatMap(syntaxFaults)).toEqual([]);
    expect(expressions.length).toBeGreaterThan(60);
  });

  it.each([
    'sum by part (rollcall_lag_seconds)',
    'rate(rollcall_spans_total[1 minute])',
    'rollcall_lag_seconds >> 30',
    'quantile_histogram(0.9, rollcall_lag_seconds)',
    'rollcall_log_silent_seconds{service=gateway}',
    'sum(rate(rollcall_spans_total[1m])',
  ])('would be refused with %s, which is no PromQL', (expression) => {
    expect(syntaxFaults(expression)[0]).toContain(expression);
  });

  it('leave no metric of ours unseen', () => {
    const seen = new Set(`${dashboard}${alerts}`.match(/rollcall_\w+/g)?.map(metricOf));
    expect(METRICS.map(({ name }) => name).filter((name) => !seen.has(name))).toEqual([]);
    expect(METRICS.length).toBeGreaterThan(40);
  });

  it.each([
    ['sum(rate(rollcall_gateway_wishes_total[1m]))', 'no metric rollcall_gateway_wishes_total'],
    ['sum(rollcall_gateway_requests_total)', 'rollcall_gateway_requests_total is a counter: ask for its rate'],
    ['max(rollcall_fanout_lag_seconds)', 'rollcall_fanout_lag_seconds is a histogram: ask for its _bucket'],
    ['sum by (room) (rollcall_lag_seconds)', 'rollcall_lag_seconds has no label room'],
    ['rollcall_aggregator_tasks{mood="bad"} > 0', 'rollcall_aggregator_tasks has no label mood'],
    ['sum(rollcall_gateway_waiting', 'brackets do not match: sum(rollcall_gateway_waiting'],
  ])('would be refused with %s', (expression, fault) => {
    expect(expressionFaults(expression, METRICS)).toEqual([fault]);
  });

  it('would be refused with a rule that compares nothing, or says nothing', () => {
    const [first] = rulesIn(alerts) as [Rule];
    const broken = {
      ...first,
      expr: 'max(rollcall_lag_seconds)',
      annotations: { summary: 'x', description: first.annotations.description },
    };
    expect(ruleFaults(broken)).toEqual([`${first.alert}: compares nothing`, `${first.alert}: no summary`]);
  });

  it('and what feeds them can be read', () => {
    for (const file of ['prometheus.yml', 'grafana/datasource.yml', 'grafana/dashboards.yml']) {
      expect(Object.keys(readYaml(textOf(`apps/standalone/deploy/${file}`))).length).toBeGreaterThan(1);
    }
    expect(
      (readYaml(textOf('apps/standalone/deploy/prometheus.yml')) as unknown as { rule_files: string[] }).rule_files,
    ).toEqual(['alerts.yml']);
  });
});
