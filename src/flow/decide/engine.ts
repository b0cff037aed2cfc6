// Cedar's engine, loaded when first needed. Knows nothing of principals or statements.
import { prepareWebAssembly } from '../../lib/wasm.ts';

export type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs');

let loaded: Promise<Cedar> | undefined;

export function loadCedar(): Promise<Cedar> {
  prepareWebAssembly();
  loaded ??= import('@cedar-policy/cedar-wasm/nodejs').then((module) => {
    // A CommonJS package: its exports may arrive as the default export.
    const { default: whole } = module as unknown as { default?: Cedar };
    return whole ?? module;
  });
  return loaded;
}
