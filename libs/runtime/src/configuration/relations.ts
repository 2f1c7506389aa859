// What holds between variables and not in any one of them. Invariant: a relation whose variables were refused on their own
// is not complained about again, and every sentence says both values and the way out.

import type { Configuration, ProcessName } from './configuration.js';
import { REFERENCE } from './reference.js';
import type { Variables, VariableName } from './variables.js';

export interface RelationInput {
  readonly variables: Variables;
  /** Names refused already. */
  readonly wrong: ReadonlySet<string>;
  /** Built from what was not refused. */
  readonly configuration: Configuration;
  readonly app: ProcessName;
}

/** What identifies users to a gateway; any one is enough. The administrator's token is none. */
export const USER_METHODS: readonly VariableName[] = [
  'STATIC_TOKENS_FILE',
  'JWKS_URL',
  'JWKS_FILE',
  'INTROSPECTION_URL',
  'WHOAMI_URL',
  'HOMESERVER_URL',
];

export function relationFaults(input: RelationInput): string[] {
  return [
    ...policyFaults(input),
    ...kafkaFaults(input),
    ...tokenFaults(input),
    ...serviceFaults(input),
    ...demoFaults(input),
  ];
}

function policyFaults({ configuration: { policy }, wrong }: RelationInput): string[] {
  const faults: string[] = [];
  if (!wrong.has('IDLE_AFTER_MS') && !wrong.has('ACTIVE_FOR_MS') && policy.idleAfterMs <= policy.activeForMs) {
    faults.push(
      `IDLE_AFTER_MS is ${ms(policy.idleAfterMs)} and ACTIVE_FOR_MS is ${ms(policy.activeForMs)}; allowed: IDLE_AFTER_MS greater than ACTIVE_FOR_MS, or somebody would be idle and currently active at once.`,
    );
  }
  if (
    !wrong.has('OFFLINE_AFTER_MS') &&
    !wrong.has('BUSY_OFFLINE_AFTER_MS') &&
    policy.busyOfflineAfterMs < policy.offlineAfterMs
  ) {
    faults.push(
      `BUSY_OFFLINE_AFTER_MS is ${ms(policy.busyOfflineAfterMs)} and OFFLINE_AFTER_MS is ${ms(policy.offlineAfterMs)}; allowed: BUSY_OFFLINE_AFTER_MS at least OFFLINE_AFTER_MS.`,
    );
  }
  return faults;
}

function kafkaFaults({ variables }: RelationInput): string[] {
  const faults: string[] = [];
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = variables;
  faults.push(...bothOrNeither(variables, 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'));
  if (mechanism !== undefined && username === undefined && password === undefined) {
    faults.push(
      `KAFKA_SASL_MECHANISM is "${mechanism}" but KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are not set; allowed: all three, or none.`,
    );
  }
  faults.push(...bothOrNeither(variables, 'KAFKA_SSL_CERT', 'KAFKA_SSL_KEY'));
  const files = (['KAFKA_SSL_CA', 'KAFKA_SSL_CERT', 'KAFKA_SSL_KEY'] as const).filter(
    (name) => variables[name] !== undefined,
  );
  if (files.length > 0 && /^(false|0|no)$/i.test(variables.KAFKA_SSL ?? '')) {
    faults.push(
      `KAFKA_SSL is "${String(variables.KAFKA_SSL)}" and ${files.join(', ')} ${files.length === 1 ? 'is' : 'are'} set; allowed: KAFKA_SSL=true (or absent) with ${files.join(', ')}, or none of these.`,
    );
  }
  return faults;
}

/** A way of checking tokens that is half configured would refuse everybody, or accept too many. */
function tokenFaults({ variables, wrong }: RelationInput): string[] {
  const faults = [
    ...needed(variables, 'INTROSPECTION_URL', ['INTROSPECTION_CLIENT_ID', 'INTROSPECTION_CLIENT_SECRET']),
    ...useless(
      variables,
      ['INTROSPECTION_CLIENT_ID', 'INTROSPECTION_CLIENT_SECRET', 'INTROSPECTION_USER_CLAIM', 'INTROSPECTION_SCOPE'],
      ['INTROSPECTION_URL'],
    ),
    ...useless(
      variables,
      ['JWT_ISSUER', 'JWT_AUDIENCE', 'JWT_USER_CLAIM', 'JWT_DEVICE_CLAIM'],
      ['JWKS_URL', 'JWKS_FILE'],
    ),
  ];
  if (variables.JWKS_URL !== undefined && variables.JWKS_FILE !== undefined)
    faults.push('JWKS_URL and JWKS_FILE are both set; allowed: one of them, the place of the one JWK set.');
  else
    for (const keys of ['JWKS_URL', 'JWKS_FILE'] as const)
      faults.push(...needed(variables, keys, ['JWT_ISSUER', 'JWT_AUDIENCE']));
  for (const [method, claim] of [
    ['INTROSPECTION_URL', 'INTROSPECTION_USER_CLAIM'],
    ['JWKS_URL', 'JWT_USER_CLAIM'],
    ['JWKS_FILE', 'JWT_USER_CLAIM'],
  ] as const) {
    if (variables[method] === undefined || variables[claim] !== undefined) continue;
    if (variables.SERVER_NAME === undefined && !wrong.has('SERVER_NAME'))
      faults.push(
        `${method} is set and SERVER_NAME is not; needed, since the claim ${REFERENCE[claim].absent} holds a localpart: SERVER_NAME, such as example.org (or ${claim}, when a claim of yours holds whole Matrix user ids).`,
      );
  }
  return faults;
}

function bothOrNeither(variables: Variables, one: VariableName, other: VariableName): string[] {
  if ((variables[one] === undefined) === (variables[other] === undefined)) return [];
  const [given, missing] = variables[one] === undefined ? [other, one] : [one, other];
  return [`${given} is set and ${missing} is not; allowed: both or neither.`];
}

function needed(variables: Variables, method: VariableName, names: readonly VariableName[]): string[] {
  const missing = names.filter((name) => variables[name] === undefined);
  if (variables[method] === undefined || missing.length === 0) return [];
  return [
    `${method} is set and ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not; needed: ${names.join(' and ')}.`,
  ];
}

function useless(variables: Variables, names: readonly VariableName[], methods: readonly VariableName[]): string[] {
  const given = names.filter((name) => variables[name] !== undefined);
  if (given.length === 0 || methods.some((name) => variables[name] !== undefined)) return [];
  return [
    `${given.join(' and ')} ${given.length === 1 ? 'is' : 'are'} set and ${methods.join(' or ')} is not; allowed: with ${methods.join(' or ')} only.`,
  ];
}

function serviceFaults({ variables, wrong, app }: RelationInput): string[] {
  const faults: string[] = [];
  const isService = app === 'gateway' || app === 'aggregator' || app === 'fanout' || app === 'bridge';
  if (isService && variables.KAFKA_BROKERS === undefined) {
    faults.push(
      `KAFKA_BROKERS is not set; start:${app} needs the brokers to connect to, such as KAFKA_BROKERS=127.0.0.1:9092. (Without Kafka, npm start runs everything in one process.)`,
    );
  }
  if (app === 'bridge' && variables.BRIDGE_REGISTRATION_FILE === undefined) {
    faults.push(
      'BRIDGE_REGISTRATION_FILE is not set; start:bridge needs the path of its registration file (npm run -s rollcall -- bridge registration writes one).',
    );
  }
  const servesUsers = app === 'gateway' || app === 'standalone';
  if (
    servesUsers &&
    (variables.KAFKA_BROKERS !== undefined || app === 'gateway') &&
    !wrong.has('KAFKA_BROKERS') &&
    USER_METHODS.every((name) => variables[name] === undefined)
  ) {
    faults.push(
      `None of ${USER_METHODS.join(', ')} is set; a gateway on Kafka needs one of them to know its users (development tokens work on the embedded log only, and ADMIN_TOKEN names no user).`,
    );
  }
  return faults;
}

/** What a simulated town writes is made up: it must not stand in a log that means something. */
function demoFaults({ variables, configuration: { gateway, http }, app }: RelationInput): string[] {
  if (gateway.demo !== true) return [];
  const methods: readonly VariableName[] = ['ADMIN_TOKEN', ...USER_METHODS];
  const against = ['KAFKA_BROKERS' as const, ...methods].filter((name) => variables[name] !== undefined);
  const isLoopback = /^(localhost|::1|127(\.\d{1,3}){3})$/.test(http.host);
  if (app === 'standalone' && against.length === 0 && isLoopback) return [];
  const why = against.length > 0 ? `${against.join(' and ')} ${against.length === 1 ? 'is' : 'are'} set` : undefined;
  const where = isLoopback ? `this is ${app}` : `HTTP_HOST is ${http.host}`;
  return [
    `DEMO is true and ${why ?? where}; allowed: with npm start on the embedded log, on loopback, without ADMIN_TOKEN or another way of checking tokens: a simulated town writes made-up people.`,
  ];
}

function ms(value: number): string {
  return `${String(value)} ms`;
}
