// A real Synapse for tests and benchmarks, and the Python packages that it and other programs come in.
export { MATRIX_NIO, packageFault, type PythonPackage, pythonWith, SYNAPSE } from './python-packages.js';
export { passwordOf, type Registered, Synapse } from './synapse.js';
