// Where the test provider keeps its sessions, grants and tokens: in memory, one storage per provider.
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

/** One storage that outlives a provider instance, so that keys can be rotated under running sessions. */
export function createStorage(): AdapterFactory {
  const records = new Map<string, { payload: AdapterPayload; until: number }>();
  const find = (test: (key: string, payload: AdapterPayload) => boolean): AdapterPayload | undefined => {
    for (const [key, { payload, until }] of records)
      if (until > Date.now() && test(key, payload)) return payload;
    return undefined;
  };
  return (model: string): Adapter => {
    const key = (id: string) => `${model}:${id}`;
    const ours = (name: string) => name.startsWith(`${model}:`);
    return {
      upsert: async (id, payload, expiresIn) => {
        const until = expiresIn ? Date.now() + expiresIn * 1000 : Number.POSITIVE_INFINITY;
        records.set(key(id), { payload, until });
      },
      find: async (id) => find((name) => name === key(id)),
      findByUserCode: async (code) => find((name, payload) => ours(name) && payload.userCode === code),
      findByUid: async (uid) => find((name, payload) => ours(name) && payload.uid === uid),
      consume: async (id) => {
        const record = records.get(key(id));
        if (record) record.payload = { ...record.payload, consumed: Math.floor(Date.now() / 1000) };
      },
      destroy: async (id) => void records.delete(key(id)),
      revokeByGrantId: async (grantId) => {
        for (const [name, { payload }] of records) if (payload.grantId === grantId) records.delete(name);
      },
    };
  };
}
