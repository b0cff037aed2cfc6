import { describe, expect, it } from 'vitest';
import { saslPrep } from '../../../src/protocols/postgres/saslprep.ts';
import {
  SaltedPasswords,
  ScramClient,
  ScramError,
  ScramServer,
  scramKeys,
} from '../../../src/protocols/postgres/scram.ts';
import vectors from '../../vectors/postgres/scram.json' with { type: 'json' };

const salted = () => new SaltedPasswords();

async function exchange(
  password: string,
  secret: string,
): Promise<{ client: ScramClient; final: string | undefined }> {
  const client = new ScramClient(password, { flag: 'n' }, salted());
  const server = new ScramServer(await scramKeys(secret));
  const first = server.first(client.first);
  return { client, final: server.final(await client.final(first)) };
}

describe('SCRAM-SHA-256', () => {
  it.each(vectors)(
    'agrees with $source',
    async ({ password, nonce, serverFirst, clientFinal, serverFinal }) => {
      const client = new ScramClient(password, { flag: 'n' }, salted(), nonce);
      expect(await client.final(serverFirst)).toBe(clientFinal);
      client.verify(serverFinal);
    },
  );

  it('lets both sides prove that they know the secret', async () => {
    const { client, final } = await exchange('the secret', 'the secret');
    expect(() => client.verify(final ?? '')).not.toThrow();
  });

  it('refuses another secret, on either side', async () => {
    const { client, final } = await exchange('guess', 'the secret');
    expect(final).toBeUndefined();
    expect(() => client.verify('v=AAAA')).toThrow(ScramError);
    expect(() => client.verify('e=other-error')).toThrow(ScramError);
  });

  it('refuses a replayed nonce, another binding and a malformed proof', async () => {
    const keys = await scramKeys('s');
    const started = () => {
      const server = new ScramServer(keys, 'server-part');
      server.first('n,,n=,r=client-part');
      return server;
    };
    expect(() => started().final('c=biws,r=client-part,p=AAAA')).toThrow(ScramError);
    expect(() => started().final('c=eSws,r=client-partserver-part,p=AAAA')).toThrow(ScramError);
    expect(() => started().final('c=biws,r=client-partserver-part,p=AAAA')).toThrow(ScramError);
    expect(() => new ScramServer(keys).first('p=tls-unique,,n=,r=x')).toThrow(ScramError);
    expect(() => new ScramServer(keys).first('n,a=other,n=,r=x')).toThrow(ScramError);
  });

  it.each([
    ['a nonce that is not ours', 'r=other,s=c2FsdA==,i=4096'],
    ['a nonce the server added nothing to', 'r=mine,s=c2FsdA==,i=4096'],
    ['no salt', 'r=mine+,i=4096'],
    ['no iterations', 'r=mine+,s=c2FsdA==,i=0'],
    ['iterations that would take minutes', 'r=mine+,s=c2FsdA==,i=99999999'],
  ])('refuses a server with %s', async (_, first) => {
    const client = new ScramClient('p', { flag: 'n' }, salted(), 'mine');
    await expect(client.final(first)).rejects.toThrow(ScramError);
  });

  it('salts a password once per salt', () => {
    const passwords = salted();
    const salt = Buffer.from('salt');
    expect(passwords.get('p', salt, 4096)).toBe(passwords.get('p', salt, 4096));
    expect(passwords.get('p', salt, 4096)).not.toBe(passwords.get('q', salt, 4096));
  });

  it.each([
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['a\u00a0b', 'a b'],
    ['\u0007', '\u0007'],
    ['\u0627\u0031', '\u0627\u0031'],
  ])('prepares %j as RFC 4013 and PostgreSQL do', (given, prepared) => {
    expect(saslPrep(given)).toBe(prepared);
  });
});
