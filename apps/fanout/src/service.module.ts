// The fanout as a process of its own: its module on the Kafka adapter. Invariant: adapters are named here and nowhere
// else in this app; the topics are checked, never created.

import { copyTopic, isCopyDone, topicSpecs } from '#libs/contracts';
import { KafkaEventLog } from '#libs/event-log-kafka';
import { LogModule, requireKafka, requireTopics, requireWholeCopy } from '#libs/runtime';
import { Module, type DynamicModule } from '@nestjs/common';
import { FanoutModule } from './fanout.module.js';

@Module({})
export class ServiceModule {
  static compose(): DynamicModule {
    const log = LogModule.with({
      open: (configuration, journal) => KafkaEventLog.connect({ ...requireKafka(configuration), logger: journal }),
      prepare: async (opened, { topics }) => {
        await requireTopics(opened, topicSpecs(topics));
        await requireWholeCopy(opened, copyTopic(topics.prefix), isCopyDone);
      },
    });
    return { module: ServiceModule, imports: [log, FanoutModule] };
  }
}
