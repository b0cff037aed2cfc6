// Configuration from BROKER_… variables and from flags, as layers like any other. One row per variable.
import type { LayerData, Raw } from './layers.ts';

/** Variable → dotted path it sets. */
export const VARIABLES: Readonly<Record<string, { readonly path: string; readonly summary: string }>> = {
  BROKER_ISSUER: { path: 'identity.issuer', summary: 'issuer of the identity provider' },
  BROKER_CLIENT_ID: { path: 'identity.client_id', summary: 'client for evidence' },
  BROKER_STORE: { path: 'store.url', summary: 'where bundles go' },
  BROKER_KEYCHAIN: { path: 'keychain', summary: 'auto, system or file' },
};

function nested(path: string, value: unknown): Raw {
  const [head = '', ...rest] = path.split('.');
  return { [head]: rest.length > 0 ? nested(rest.join('.'), value) : value };
}

export function environmentLayers(environment: Readonly<Record<string, string | undefined>>): LayerData[] {
  return Object.entries(VARIABLES).flatMap(([variable, { path }]) => {
    const value = environment[variable];
    if (value === undefined || value === '') return [];
    return [
      { layer: 'environment', value: nested(path, value), places: new Map([[path, variable]]) } as const,
    ];
  });
}

/** Flags as dotted path → value and the flag's name. */
export function flagLayers(
  flags: Readonly<Record<string, { readonly value: unknown; readonly flag: string }>>,
): LayerData[] {
  return Object.entries(flags).map(([path, { value, flag }]) => ({
    layer: 'flag',
    value: nested(path, value),
    places: new Map([[path, flag]]),
  }));
}
