// The stored form of registers, newest version; older ones are decoded for ever.
export { RegistersV1, decodeRegisters, encodeRegisters } from './registers-v1.js';
