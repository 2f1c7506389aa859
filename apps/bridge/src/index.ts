// The door of the bridge app: its module for whoever composes processes, and the registration file for the command line.

export { BridgeModule } from './bridge.module.js';
export { RegistrationError, readRegistration, registrationText, type Registration } from './registration.js';
export { RoomPolicies, type RoomRules } from './room-policy.js';
