// What a person reads about a wrong setting.
import { describe, expect, it } from 'vitest';
import { SCHEMA } from '../../src/config/schema.ts';
import { wording } from '../../src/config/wording.ts';

const words = (settings: unknown) =>
  (SCHEMA.safeParse(settings).error?.issues ?? []).map(
    (issue) => `${issue.path.join('.')} ${wording(issue)}`,
  );

const connection = { type: 'postgres', host: 'x', credential: { source: 'env' } };

describe('wording', () => {
  it.each([
    [{ identity: { issuer: 'https://a.example' } }, 'identity.client_id is missing'],
    [{ keychain: 'vault' }, 'keychain must be one of auto, system, file'],
    [{ version: 2 }, 'version must be 1'],
    [{ policy: 'a.cedar' }, 'policy must be a list, not text'],
    [{ connections: [] }, 'connections must be a group of settings, not a list'],
    [{ connections: { db: { ...connection, port: '1' } } }, 'connections.db.port must be a number, not text'],
    [{ connections: { db: { ...connection, port: 0 } } }, 'connections.db.port must be at least 1'],
    [{ connections: { db: { ...connection, port: 65536 } } }, 'connections.db.port must be at most 65535'],
    [{ connections: { db: { ...connection, port: 1.5 } } }, 'connections.db.port must be a whole number'],
    [{ connections: { db: { ...connection, host: '' } } }, 'connections.db.host must not be empty'],
    [
      { connections: { t: { type: 'mcp', url: 'https://x.example/', tls: { ca: 'x.pem' } } } },
      'connections.t.tls is not a setting of a connection of type mcp',
    ],
    [{ connections: { t: { type: 'mcp' } } }, 'connections.t.url is missing'],
    [
      { connections: { t: { type: 'mcp', url: 'https://u:p@x.example/' } } },
      'connections.t.url must not carry a password',
    ],
    [
      { connections: { db: { ...connection, url: 'https://x/' } } },
      'connections.db.url is not a setting of a connection of type postgres',
    ],
    [
      { connections: { db: { ...connection, type: 'mysql' } } },
      'connections.db.type must be one of postgres, mcp',
    ],
    [
      { connections: { Db: connection } },
      'connections.Db must be lower case letters, digits, - _ . and start with one of the first two',
    ],
    [
      { connections: { db: { ...connection, columns: { card: 'payment-card' } } } },
      'connections.db.columns.card must be schema.table.column',
    ],
    [
      { connections: { db: { ...connection, columns: { 'a.b.c': 'Card!' } } } },
      'connections.db.columns.a.b.c must be a data type such as payment-card',
    ],
    [{ store: { url: 'ftp://x' } }, 'store.url must start with file: or s3://'],
  ])('of %j is "%s"', (settings, expected) => {
    expect(words(settings)).toEqual([expected]);
  });

  it('never shows the library’s own words for a type', () => {
    for (const value of [null, 1, 'x', [], {}, true])
      for (const key of ['identity', 'store', 'connections', 'policy', 'agent', 'keychain'])
        expect(words({ [key]: value }).join('\n')).not.toMatch(/Invalid|expected|received|undefined/);
  });
});
