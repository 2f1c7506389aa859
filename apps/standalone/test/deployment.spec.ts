// The deployment files stand on what exists: every COPY, command, mounted file, variable and metric. No Docker engine is
// needed to see most of what breaks an image; each check is shown a broken file that it must refuse.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VARIABLE_NAMES, readConfiguration, type ProcessName } from '#libs/runtime';
import { repositoryRoot } from '#libs/testing';
import { readDockerfile, readYaml } from './deployment-files.js';

const root = repositoryRoot();
const at = (path: string): string => join(root, path);
const textOf = (path: string): string => readFileSync(at(path), 'utf8');
const DOCKERFILE = 'apps/standalone/deploy/Dockerfile';
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

function configurationFaults(name: string, { environment = {} }: Service): string[] {
  const unknown = Object.keys(environment).filter(
    (variable) => !(VARIABLE_NAMES as readonly string[]).includes(variable),
  );
  const mounted = Object.fromEntries(
    Object.entries(environment).map(([variable, value]) => [
      variable,
      value.replace('/etc/rollcall/', at('apps/standalone/deploy/')),
    ]),
  );
  try {
    readConfiguration(mounted, name as ProcessName);
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
  if (['gateway', 'aggregator', 'fanout'].includes(name)) faults.push(...configurationFaults(name, service));
  return faults;
}

function composeFaults(text: string): string[] {
  const compose = readYaml(text) as unknown as Compose;
  return Object.entries(compose.services).flatMap(([name, service]) => serviceFaults(name, service, compose));
}

const CATALOGUES = [
  'apps/aggregator/src/watching.ts',
  'apps/fanout/src/meters.ts',
  'apps/gateway/src/meters.ts',
  'libs/runtime/src/observing/log-watch.ts',
];

function dashboardFaults(text: string): string[] {
  const known = new Set(CATALOGUES.flatMap((path) => textOf(path).match(/rollcall_\w+/g) ?? []));
  const used = text.match(/rollcall_\w+/g) ?? [];
  return used.filter((name) => !known.has(name.replace(/_(bucket|sum|count)$/, ''))).map((name) => `no metric ${name}`);
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
    expect(Object.keys(services)).toEqual([
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
  });

  it.each([
    [
      'dist/apps/fanout/src/main.js',
      'dist/apps/fan-out/src/main.js',
      'fanout: dist/apps/fan-out/src/main.js does not exist',
    ],
    ['ADMIN_TOKEN:', 'ADMIN_TOKENS:', 'gateway: no variable ADMIN_TOKENS'],
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

describe('the dashboard', () => {
  it('shows metrics that exist', () => {
    expect(dashboardFaults(textOf(DASHBOARD))).toEqual([]);
    expect(textOf(DASHBOARD).match(/rollcall_\w+/g)?.length).toBeGreaterThan(15);
  });

  it('would be refused with one that does not', () => {
    expect(dashboardFaults('rate(rollcall_gateway_wishes_total[1m])')).toEqual([
      'no metric rollcall_gateway_wishes_total',
    ]);
  });

  it('and what feeds it can be read', () => {
    for (const file of ['prometheus.yml', 'grafana/datasource.yml', 'grafana/dashboards.yml']) {
      expect(Object.keys(readYaml(textOf(`apps/standalone/deploy/${file}`))).length).toBeGreaterThan(1);
    }
  });
});
