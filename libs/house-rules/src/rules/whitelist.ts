// Who may import whom: the table of the house as values. Invariant: what is not listed is forbidden. It stands apart from the
// rule that applies it, so that the table reads as the table.

export interface Allowance {
  /** Other rooms, by their full name; 'libs' = any lib. */
  readonly rooms: readonly string[];
  /** Packages of any registry; a trailing star opens a scope. */
  readonly packages: readonly string[];
  readonly node: boolean;
  /** Rooms of which only types may be imported. */
  readonly typesOnly?: readonly string[];
}

const nest = ['@nestjs/*', 'rxjs', 'reflect-metadata', 'class-validator', 'class-transformer', 'fastify', '@fastify/*'];
const app: Allowance = { rooms: ['libs'], packages: nest, node: true };

export const whitelist: Readonly<Record<string, Allowance>> = {
  'libs/matrix': { rooms: [], packages: [], node: false },
  'libs/presence': { rooms: ['libs/matrix'], packages: [], node: false },
  'libs/interest': { rooms: ['libs/matrix'], packages: [], node: false },
  'libs/contracts': {
    rooms: ['libs/matrix', 'libs/presence'],
    packages: ['@sinclair/typebox'],
    node: false,
    typesOnly: ['libs/presence'],
  },
  'libs/event-log': { rooms: [], packages: [], node: true },
  'libs/event-log-embedded': { rooms: ['libs/event-log'], packages: ['lmdb'], node: true },
  'libs/event-log-kafka': { rooms: ['libs/event-log'], packages: ['kafkajs', '@node-rs/crc32'], node: true },
  'libs/processing': { rooms: ['libs/event-log'], packages: [], node: true },
  'libs/views': {
    rooms: ['libs/event-log', 'libs/contracts', 'libs/matrix', 'libs/presence', 'libs/interest'],
    packages: [],
    node: true,
  },
  'libs/runtime': {
    rooms: ['libs/event-log', 'libs/processing'],
    packages: [...nest, 'pino', 'prom-client'],
    node: true,
  },
  'libs/testing': { rooms: ['libs'], packages: ['fast-check', 'testcontainers', 'ajv', 'ajv-formats'], node: true },
  'libs/house-rules': { rooms: [], packages: ['typescript', 'eslint', 'typescript-eslint'], node: true },
  'apps/gateway': { ...app, packages: [...nest, 'jose'] },
  'apps/gateway/page': { rooms: [], packages: ['lit', 'uplot'], node: false },
  'apps/aggregator': app,
  'apps/fanout': app,
  'apps/bridge': { ...app, packages: [...nest, 'yaml'] },
  'apps/standalone': { ...app, rooms: ['libs', 'apps'] },
  'apps/history': {
    ...app,
    rooms: ['libs', 'apps'],
    packages: [...nest, 'commander', 'ora', 'cli-table3', '@duckdb/node-api'],
  },
  'apps/simulator': {
    ...app,
    rooms: ['libs', 'apps'],
    packages: [...nest, 'commander', 'ora', 'fast-check', 'cli-table3'],
  },
};

/** What any test may import beside what its room may. */
export const testPackages: readonly string[] = [
  'fast-check',
  'ajv',
  'ajv-formats',
  '@nestjs/testing',
  '@asyncapi/parser',
  '@prometheus-io/lezer-promql',
  'axe-core',
  'matrix-js-sdk',
  'hyparquet',
  'hyparquet-compressors',
  'typescript',
  'eslint',
  '@jest/globals',
];

/** Imported only where an app is composed, and by tests. */
export const adapters: readonly string[] = ['libs/event-log-embedded', 'libs/event-log-kafka'];

/** Imported by tests and the simulator only. */
export const testRoom = 'libs/testing';
