// How V8 is to run WebAssembly: the policy engine and the grammar. Must be called before a module is loaded.
import { setFlagsFromString } from 'node:v8';

let prepared = false;

/** Later ones may not know the flags, and would say so on stderr. */
const LAST_KNOWN = 13;

/** Only the baseline compiler, and no inlining of calls into JavaScript. ADR 0024 says why and what it costs. */
export function prepareWebAssembly(): void {
  if (prepared) return;
  prepared = true;
  if (Number.parseInt(process.versions.v8, 10) > LAST_KNOWN) return;
  setFlagsFromString('--liftoff-only');
  setFlagsFromString('--no-turbo-inline-js-wasm-calls');
}
