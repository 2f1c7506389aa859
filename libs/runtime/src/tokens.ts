// What the composition of a process injects into the apps' modules. Interfaces need a token; what runtime itself
// implements (Metrics, HealthRegistry, ShutdownSequence, LogSubscriptions, Journal) is injected by its class.
// Invariant: an app's module names what it needs and never opens it itself.

/** An `EventLog` (#libs/event-log), open and with its topics checked. */
export const EVENT_LOG = Symbol('EVENT_LOG');
/** A `Clock` (#libs/event-log): the wall clock in production. */
export const CLOCK = Symbol('CLOCK');
/** The `Configuration` of this process, parsed and checked. */
export const CONFIGURATION = Symbol('CONFIGURATION');
