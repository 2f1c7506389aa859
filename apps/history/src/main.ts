// The `rollcall` command: hands the arguments to the command line and its outcome to the process. Invariant: standard output
// carries results only. It stands apart from the command line so that importing the app starts nothing.
import { rollcall } from './command-line.js';
import { processSurroundings } from './process-surroundings.js';

// What waits for the log alone (`--follow`) holds nothing that keeps Node running.
const running = setInterval(() => undefined, 60_000);
process.exitCode = await rollcall(process.argv.slice(2), processSurroundings());
clearInterval(running);
