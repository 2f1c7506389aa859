// Planted imports that the whitelist must refuse, each beside the same import where it is allowed.
import { plantedTree } from '../tree.js';
import { checkImports } from './imports.js';

const judge = (path: string, text: string): readonly string[] =>
  checkImports(plantedTree({ [path]: text })).map(({ message }) => message);

describe('imports', () => {
  it.each([
    ['a pure room with a Node module', 'libs/matrix/src/ids.ts', "import { join } from 'node:path';"],
    ['a pure room with a package', 'libs/presence/src/view.ts', "import { Type } from '@sinclair/typebox';"],
    ['a room that is not listed', 'libs/presence/src/view.ts', "import type { EventLog } from '#libs/event-log';"],
    ['a type in an import() type', 'libs/interest/src/x.ts', "let log: import('#libs/event-log').EventLog;"],
    ['an export from', 'libs/interest/src/x.ts', "export * from '#libs/contracts';"],
    ['a dynamic import', 'libs/processing/src/x.ts', "const kafka = await import('kafkajs');"],
    ['a require', 'libs/processing/src/x.ts', "const kafka = require('kafkajs');"],
    [
      'values of a room of which types are allowed',
      'libs/contracts/src/x.ts',
      "import { createAggregate } from '#libs/presence';",
    ],
    ['a deep path', 'apps/gateway/src/x.ts', "import { x } from '#libs/presence/src/view.js';"],
    ['a relative path out of the room', 'apps/gateway/src/x.ts', "import { x } from '../../fanout/src/index.js';"],
    ['an app in an app', 'apps/gateway/src/x.ts', "import { FanoutModule } from '#apps/fanout';"],
    ['an adapter outside a module', 'apps/gateway/src/x.ts', "import { openKafka } from '#libs/event-log-kafka';"],
    ['a client library outside its adapter', 'libs/event-log-embedded/src/x.ts', "import { Kafka } from 'kafkajs';"],
    ['a client library in a spec', 'apps/gateway/test/x.e2e.spec.ts', "import { Kafka } from 'kafkajs';"],
    ['Nest outside runtime and apps', 'libs/views/src/x.ts', "import { Injectable } from '@nestjs/common';"],
    ['the test room in production', 'apps/gateway/src/x.ts', "import { simulatedClock } from '#libs/testing';"],
    ['a spec in production', 'libs/views/src/x.ts', "import { plant } from './x.spec.js';"],
    ['the house rules', 'apps/simulator/src/x.ts', "import { rules } from '#libs/house-rules';"],
    ['a room that nobody listed', 'libs/leftovers/src/x.ts', 'export {};'],
    ['Node in the page', 'apps/gateway/page/src/x.ts', "import { join } from 'node:path';"],
    ['a room in the page', 'apps/gateway/page/src/x.ts', "import type { View } from '#libs/presence';"],
    ['the page in its app', 'apps/gateway/src/x.ts', "import { paint } from '../page/src/paint.js';"],
    ['the app in its page', 'apps/gateway/page/src/x.ts', "import { Pulse } from '../../src/page/pulse.js';"],
    ['what draws the page in its app', 'apps/gateway/src/x.ts', "import { html } from 'lit';"],
    ['itself by alias', 'libs/views/src/x.ts', "import { y } from '#libs/views';"],
  ])('refuses %s', (_what, path, text) => {
    expect(judge(path, text)).toHaveLength(1);
  });

  it.each([
    ['types of presence', 'libs/contracts/src/x.ts', "import type { View } from '#libs/presence';"],
    ['inline types of presence', 'libs/contracts/src/x.ts', "import { type View, type Claim } from '#libs/presence';"],
    [
      'an adapter in a module',
      'apps/gateway/src/gateway.module.ts',
      "import { openKafka } from '#libs/event-log-kafka';",
    ],
    ['an app in a composer', 'apps/standalone/src/x.ts', "import { FanoutModule } from '#apps/fanout';"],
    ['the test room in a spec', 'libs/views/src/x.spec.ts', "import { simulatedClock } from '#libs/testing';"],
    ['the test room in the simulator', 'apps/simulator/src/x.ts', "import { simulatedClock } from '#libs/testing';"],
    ['fast-check in a law', 'libs/presence/src/x.prop.spec.ts', "import fc from 'fast-check';"],
    ['what draws the page in the page', 'apps/gateway/page/src/x.ts', "import { html } from 'lit';"],
    ['a style in the page', 'apps/gateway/page/src/x.ts', "import './x.css';"],
    ['its client library', 'libs/event-log-kafka/src/x.ts', "import { Kafka } from 'kafkajs';"],
  ])('takes %s', (_what, path, text) => {
    expect(judge(path, text)).toEqual([]);
  });
});
