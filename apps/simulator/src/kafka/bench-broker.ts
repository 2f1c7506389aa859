// The broker that a benchmark runs against: a local node of its own with Kafka's own group settings and the full compiler,
// or KAFKA_BROKERS. Invariant: a local one is gone afterwards, and its CPU counts: it shares the machine with what is measured.
import { LocalCluster, type LocalNode } from '#libs/testing';
import { cpuSecondsOf, peakRssOf } from '../processes/measured-process.js';

export interface BenchBroker {
  readonly brokers: string;
  /** Undefined when the broker is somebody else's. */
  cpuSeconds(): number | undefined;
  peakRssBytes(): number | undefined;
  readonly nodes: readonly LocalNode[];
  close(): Promise<void>;
}

const HEAP_MB = 1_024;

export async function openBenchBroker(): Promise<BenchBroker> {
  const given = process.env['KAFKA_BROKERS'] ?? '';
  if (given !== '')
    return {
      brokers: given,
      cpuSeconds: () => undefined,
      peakRssBytes: () => undefined,
      nodes: [],
      close: async () => {},
    };
  const cluster = await LocalCluster.start({ groupSettings: 'broker', speed: 'fast', heapMb: HEAP_MB });
  const sum = (of: (pid: number) => number): number =>
    cluster.nodes.reduce((total, { pid }) => total + (pid === undefined ? 0 : of(pid)), 0);
  return {
    brokers: cluster.brokers.join(','),
    cpuSeconds: () => sum(cpuSecondsOf),
    peakRssBytes: () => sum(peakRssOf),
    nodes: cluster.nodes,
    close: () => cluster.close(),
  };
}
