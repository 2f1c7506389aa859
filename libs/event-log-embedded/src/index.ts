// The embedded log's public face.
export { EmbeddedEventLog, type EmbeddedEventLogOptions } from './embedded-event-log.js';
