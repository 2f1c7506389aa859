// A real Kafka for tests: a shared broker by `describeKafka`, clusters that may be broken by `LocalCluster`.
export { brokerFault, openBroker, type OpenBroker } from './broker-source.js';
export { describeKafka, describeKcat, describeLocalKafka, type KafkaForTests } from './describe-kafka.js';
export { KAFKA_VERSION, kafkaClassPath } from './jars.js';
export { type KafkaTool, produceFromConsole, runKafkaTool } from './kafka-tool.js';
export { findKcat, Kcat, type KcatRecord } from './kcat.js';
export { type ClusterOptions, LocalCluster, type SecureListeners } from './local-cluster.js';
export { LocalNode } from './local-node.js';
export { withLock } from './pid-lock.js';
export { freePorts } from './free-ports.js';
export { until } from './until.js';
