// The credential source a connection names. Must never guess another.
import type { Connection } from '../model/connection.ts';
import type { CredentialSource } from '../model/credential.ts';
import { BrokerError } from '../model/errors.ts';

export async function sourceOf(connection: Connection): Promise<CredentialSource> {
  const { CREDENTIAL_SOURCES } = await import('../credentials/index.ts');
  const row = CREDENTIAL_SOURCES[connection.credential.source];
  if (row) return row();
  throw new BrokerError('credential-failed', {
    connection: connection.name,
    reason: `there is no source ${connection.credential.source}`,
    mend: `use one of ${Object.keys(CREDENTIAL_SOURCES).join(', ')}`,
  });
}
