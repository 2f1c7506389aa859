// The stored form of registers, newest version; older ones are decoded for ever.
export { RegistersV1 } from './registers-shape-v1.js';
export { decodeRegisters, encodeRegisters, type Told } from './registers-v1.js';
export { FoundRegisters } from './found-registers.js';
export { findRegisters } from './quick-registers.js';
export { registersElsewhere } from './registers-elsewhere.js';
