// Lets Node run our TypeScript sources: `node --conditions=source --import <this> file.ts`, its worker threads included. Used by tests
// that need real processes (to kill, to hold locks); programs that ship run from dist/ (run-program.ts).
import { register } from 'node:module';

register('./source-hooks.mjs', import.meta.url);
