// The door of the gateway app: the module that a process composes, the class that tests compose, and the HTTP adapter that
// both serve it with. Nothing starts on import.
export * from './gateway-options.js';
export * from './authentication/caller.js';
export { GatewayModule } from './gateway.module.js';
export { Gateway } from './gateway.js';
export { GatewayAdapter, gatewayAdapter, prepareGateway } from './http/gateway-adapter.js';
export { authenticationFrom } from './authentication/authentication.js';
