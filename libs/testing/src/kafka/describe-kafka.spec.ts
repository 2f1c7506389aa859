// The way by which suites get a broker, tried on itself: the broker answers, every suite has a prefix of its own, and
// where there is no broker nothing passes silently.
import { connect } from 'node:net';
import { describeKafka } from './describe-kafka.js';

const answers = (broker: string): Promise<boolean> =>
  new Promise((done) => {
    const [host = '', port = ''] = broker.split(':');
    const socket = connect({ host, port: Number(port) });
    socket.once('connect', () => done(true)).once('error', () => done(false));
    socket.once('connect', () => socket.destroy());
  });

const prefixes: string[] = [];

describeKafka('a broker for a suite', (kafka) => {
  it('answers', async () => {
    prefixes.push(kafka().prefix);
    await expect(answers(kafka().brokers[0] ?? '')).resolves.toBe(true);
  });
});

describeKafka('a broker for another suite', (kafka) => {
  it('comes with another prefix', () => {
    expect(prefixes).not.toContain(kafka().prefix);
  });
});
