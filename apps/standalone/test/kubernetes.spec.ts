// The Kubernetes manifests stand on what exists: commands, variables, ports, probes, selectors; and no container may do more than
// it must. No cluster is needed to see most of what breaks a roll-out; each check is shown a manifest that it must refuse.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VARIABLE_NAMES, readConfiguration, type ProcessName } from '#libs/runtime';
import { repositoryRoot } from '#libs/testing';
import { readYaml } from './deployment-files.js';

const FOLDER = 'apps/standalone/deploy/kubernetes';
const textOf = (file: string): string => readFileSync(join(repositoryRoot(), FOLDER, file), 'utf8');

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Variable {
  readonly name: string;
  readonly value?: string;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly env?: readonly Variable[];
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: string }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly volumeMounts?: readonly { readonly name: string }[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string>>;
    readonly limits?: Readonly<Record<string, string>>;
  };
}

interface Pod {
  readonly terminationGracePeriodSeconds?: string;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly containers: readonly Container[];
  readonly volumes?: readonly { readonly name: string }[];
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly replicas?: string;
    readonly strategy?: { readonly rollingUpdate: { readonly maxUnavailable: string } };
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>>; readonly app?: string };
    readonly template?: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: Pod;
    };
    readonly ports?: readonly { readonly targetPort: string }[];
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  };
}

const VERSIONS: Readonly<Record<string, string>> = {
  ConfigMap: 'v1',
  Service: 'v1',
  Job: 'batch/v1',
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  PodDisruptionBudget: 'policy/v1',
};

function manifestsIn(text: string): readonly Manifest[] {
  return text.split(/^---$/m).map((part) => readYaml(part) as unknown as Manifest);
}

const serves = ({ kind }: Manifest): boolean => kind === 'Deployment' || kind === 'StatefulSet';

function containerFaults(container: Container, all: readonly Manifest[]): string[] {
  const faults: string[] = [];
  const [program = '', file = ''] = container.command;
  if (program !== 'node' || !existsSync(join(repositoryRoot(), file.replace(/^dist\//, '').replace(/\.js$/, '.ts'))))
    faults.push(`${file} does not exist`);
  if (!/:\d+\.\d+\.\d+$/.test(container.image)) faults.push(`${container.image} has no version`);
  const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = container.securityContext ?? {};
  if (allowPrivilegeEscalation !== 'false') faults.push('may escalate its privileges');
  if (readOnlyRootFilesystem !== 'true') faults.push('may write its root file system');
  if (JSON.stringify(capabilities) !== '{"drop":["ALL"]}') faults.push('keeps capabilities');
  const { requests, limits } = container.resources ?? {};
  if (requests?.['cpu'] === undefined || requests['memory'] === undefined || limits?.['memory'] === undefined)
    faults.push('asks for no cpu or memory');
  return [...faults, ...environmentFaults(container, all)];
}

function environmentFaults({ command, env = [], envFrom = [] }: Container, all: readonly Manifest[]): string[] {
  const maps = envFrom.map(
    ({ configMapRef: { name } }) =>
      all.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name)?.data,
  );
  if (maps.includes(undefined)) return ['takes variables of a ConfigMap that is not there'];
  const environment: Record<string, string> = Object.assign({}, ...maps);
  for (const { name, value } of env) environment[name] = value ?? 'from-a-secret';
  const unknown = Object.keys(environment).filter((name) => !(VARIABLE_NAMES as readonly string[]).includes(name));
  const app = (command[1]?.split('/')[2] ?? '').replace('history', 'command line') as ProcessName;
  if (environment['STATIC_TOKENS_FILE'] !== undefined) environment['STATIC_TOKENS_FILE'] = __filename;
  try {
    readConfiguration(environment, app);
  } catch (error) {
    return [(error as Error).message];
  }
  return unknown.map((name) => `no variable ${name}`);
}

function podFaults(manifest: Manifest, pod: Pod, all: readonly Manifest[]): string[] {
  const faults = pod.containers.flatMap((container) => containerFaults(container, all));
  if (pod.securityContext?.['runAsNonRoot'] !== 'true') faults.push('may run as root');
  const volumes = [
    ...(pod.volumes ?? []),
    ...(manifest.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata),
  ].map(({ name }) => name);
  for (const { name } of pod.containers.flatMap(({ volumeMounts = [] }) => volumeMounts))
    if (!volumes.includes(name)) faults.push(`no volume ${name}`);
  if (!serves(manifest)) return faults;
  const { configuration } = readConfiguration({}, 'standalone');
  const [program, seconds = '0'] = pod.containers[0]?.lifecycle?.preStop.exec.command ?? ['sleep'];
  if (program !== 'sleep') faults.push('does something else before it stops than wait');
  const stopMs = Number(seconds) * 1_000 + configuration.shutdownTimeoutMs;
  if (Number(pod.terminationGracePeriodSeconds) * 1_000 < stopMs + 5_000)
    faults.push('is killed before an ordered stop can end');
  const isBehindService = all.some(
    ({ kind, spec }) => kind === 'Service' && spec?.selector?.app === manifest.spec?.template?.metadata.labels['app'],
  );
  if (isBehindService && manifest.kind === 'Deployment' && seconds === '0')
    faults.push('closes its port while its Service still sends requests there');
  return [...faults, ...pod.containers.flatMap(probeFaults)];
}

function probeFaults({ ports = [], startupProbe, readinessProbe, livenessProbe, env = [] }: Container): string[] {
  const faults: string[] = [];
  const port = env.find(({ name }) => name === 'HTTP_PORT')?.value ?? '8090';
  if (ports[0]?.containerPort !== port) faults.push(`does not listen on ${String(ports[0]?.containerPort)}`);
  for (const probe of [startupProbe, readinessProbe, livenessProbe]) {
    if (probe === undefined) faults.push('lacks a probe');
    else if (!['/health/live', '/health/ready'].includes(probe.httpGet.path) || probe.httpGet.port !== ports[0]?.name)
      faults.push(`no probe ${probe.httpGet.path} at ${probe.httpGet.port}`);
  }
  if (livenessProbe?.httpGet.path !== '/health/live') faults.push('is killed for an outage of the broker');
  if (startupProbe?.httpGet.path !== '/health/ready') faults.push('counts as started before it has caught up');
  return faults;
}

function selectorFaults({ kind, spec }: Manifest, all: readonly Manifest[]): string[] {
  const app = spec?.selector?.matchLabels?.['app'] ?? spec?.selector?.app;
  if (!['Deployment', 'StatefulSet', 'Service', 'PodDisruptionBudget'].includes(kind)) return [];
  const chosen = all.filter((other) => serves(other) && other.spec?.template?.metadata.labels['app'] === app);
  if (chosen.length !== 1) return [`selects ${chosen.length} workloads`];
  const names =
    chosen[0]?.spec?.template?.spec.containers.flatMap(({ ports = [] }) => ports.map(({ name }) => name)) ?? [];
  return (spec?.ports ?? [])
    .filter(({ targetPort }) => !names.includes(targetPort))
    .map(({ targetPort }) => `no port ${targetPort}`);
}

function faultsIn(text: string): string[] {
  const all = manifestsIn(text);
  return all.flatMap((manifest) => {
    const { kind, apiVersion, metadata, spec } = manifest;
    const faults = VERSIONS[kind] === apiVersion ? [] : [`${kind} is not of ${apiVersion}`];
    if (spec?.template !== undefined) faults.push(...podFaults(manifest, spec.template.spec, all));
    faults.push(...selectorFaults(manifest, all));
    if (kind === 'Deployment' && Number(spec?.replicas) < 2) faults.push('has nobody to take over from it');
    if (kind === 'Deployment' && spec?.strategy?.rollingUpdate.maxUnavailable !== '0')
      faults.push('stops a pod before the new one is ready');
    return faults.map((fault) => `${kind} ${metadata.name}: ${fault}`);
  });
}

describe('the Kubernetes manifests', () => {
  const kafka = textOf('kafka.yml');

  it.each(['kafka.yml', 'embedded.yml'])('%s stands on what exists and may do no more than it must', (file) => {
    expect(faultsIn(textOf(file))).toEqual([]);
  });

  it('run the three services twice each, with a budget for disruptions, and create the topics', () => {
    const names = (kind: string): string[] =>
      manifestsIn(kafka)
        .filter((manifest) => manifest.kind === kind)
        .map(({ metadata }) => metadata.name);
    expect(names('Deployment')).toEqual(['rollcall-aggregator', 'rollcall-fanout', 'rollcall-gateway']);
    expect(names('PodDisruptionBudget')).toEqual(names('Deployment'));
    expect(names('Job')).toEqual(['rollcall-topics']);
  });

  it.each([
    [
      'dist/apps/fanout/src/main.js',
      'dist/apps/fan-out/src/main.js',
      'Deployment rollcall-fanout: dist/apps/fan-out/src/main.js does not exist',
    ],
    ['rollcall:0.1.0', 'rollcall:latest', 'Job rollcall-topics: rollcall:latest has no version'],
    [
      'PARTITIONS: "8"',
      'PARTITIONS: "many"',
      'Job rollcall-topics: PARTITIONS is "many"; allowed: a whole number from 1 to 10000.',
    ],
    ['containerPort: 8090', 'containerPort: 80', 'Deployment rollcall-aggregator: does not listen on 80'],
    [
      '              path: /health/live',
      '              path: /health/ready',
      'Deployment rollcall-aggregator: is killed for an outage of the broker',
    ],
    [
      'terminationGracePeriodSeconds: 20',
      'terminationGracePeriodSeconds: 5',
      'Deployment rollcall-aggregator: is killed before an ordered stop can end',
    ],
    [
      'readOnlyRootFilesystem: true',
      'readOnlyRootFilesystem: false',
      'Job rollcall-topics: may write its root file system',
    ],
    ['runAsNonRoot: true', 'runAsNonRoot: false', 'Job rollcall-topics: may run as root'],
    ['replicas: 2', 'replicas: 1', 'Deployment rollcall-aggregator: has nobody to take over from it'],
    [
      'maxUnavailable: 0',
      'maxUnavailable: 1',
      'Deployment rollcall-aggregator: stops a pod before the new one is ready',
    ],
    ['["sleep", "5"]', '["sleep", "8"]', 'Deployment rollcall-gateway: is killed before an ordered stop can end'],
    [
      '["sleep", "5"]',
      '["sleep", "0"]',
      'Deployment rollcall-gateway: closes its port while its Service still sends requests there',
    ],
    [
      '- name: tokens\n          secret',
      '- name: secrets\n          secret',
      'Deployment rollcall-gateway: no volume tokens',
    ],
    ['targetPort: http', 'targetPort: web', 'Service rollcall-gateway: no port web'],
  ])('would be refused with %s as %s', (right, wrong, fault) => {
    expect(faultsIn(kafka.replace(right, wrong))).toContain(fault);
  });

  it('would be refused with a gateway that cannot tell who its users are', () => {
    expect(faultsIn(kafka.replace('STATIC_TOKENS_FILE', 'STATIC_TOKEN_FILE')).join()).toContain(
      'a gateway on Kafka needs one of them',
    );
  });
});
