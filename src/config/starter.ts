// The configuration a new user starts with: every setting that matters, commented. Pure; what it writes must load as it is.

export interface StarterAnswers {
  /** Issuer URL; the identity block stays a comment without one. */
  readonly issuer?: string;
  readonly clientId?: string;
  readonly targetClientId?: string;
  /** Store URL; the folder below the state folder without one. */
  readonly store?: string;
}

const quoted = (text: string): string => JSON.stringify(text);

function identityBlock({ issuer, clientId = 'broker', targetClientId }: StarterAnswers): string {
  const target =
    targetClientId === undefined
      ? '# target_client_id: broker-databases'
      : `target_client_id: ${quoted(targetClientId)}`;
  const lines = [
    'identity:',
    `  issuer: ${quoted(issuer ?? 'https://login.example.com')}`,
    '  # A public (native) client with the redirect http://127.0.0.1/callback. What it signs in for is evidence:',
    '  # no database and no API should trust its tokens.',
    `  client_id: ${quoted(clientId)}`,
    '  # A second public client, for targets that take tokens as credentials.',
    `  ${target}`,
    '  # scopes: [openid, email, profile, offline_access]',
    '  # The claim that lists a person’s groups; policies speak about these.',
    '  # groups_claim: groups',
  ];
  return issuer === undefined ? lines.map((line) => `# ${line}`).join('\n') : lines.join('\n');
}

function storeBlock({ store }: StarterAnswers): string {
  const url = store === undefined ? '# url: file:/mnt/evidence' : `url: ${quoted(store)}`;
  return `store:
  # file:/some/folder, or s3://bucket/prefix?region=eu-central-1 (add endpoint=https://… for anything but AWS;
  # the credentials are found as the AWS tools find them). Everybody's evidence belongs in one store.
  ${store === undefined ? `# Without an address: a folder on this machine, good for trying things out.\n  ${url}` : url}
  # Refuse sessions while the store cannot be reached; otherwise evidence waits here and is uploaded later.
  require_online: false
  # Refuse sessions while an upload has waited longer than this many seconds; 0 never.
  max_backlog: 0`;
}

const EXAMPLE = `# Targets. Add one with \`broker connections add\`, or like this:
connections: {}
#  prod-db:
#    type: postgres
#    host: db.example.com
#    port: 5432
#    database: shop
#    tls: { mode: verify-full }          # libpq's sslmode words
#    # A role made for each session and dropped at its end. The admin's password is kept in the keychain
#    # (\`broker secrets set\`). Other sources: keychain, env, oidc, exec.
#    credential:
#      source: ephemeral-role
#      admin: { user: broker_admin, secret: prod-db-admin }
#      grant: [app]
#    labels: [env:prod]                  # policies speak about labels
#    columns:                            # values of these never leave unmasked, however they are asked for
#      public.customers.card: payment-card
#      public.customers.email: email`;

/** `policyFile` is named relative to the configuration. */
export function starterConfig(answers: StarterAnswers, policyFile: string): string {
  return `# Configuration of broker. Check it with \`broker config check\`; see where each value comes from with
# \`broker config show --origin\`. Completion in your editor: \`broker config schema\`.
version: 1

# Who signs people in: an OpenID Connect provider.
${identityBlock(answers)}

# Where signed evidence goes.
${storeBlock(answers)}

# Where keys and passwords are kept: auto, system (the desktop's keychain) or file (encrypted).
keychain: auto

# Who may do what, in Cedar. Files, or folders of .cedar files; relative to this file.
policy: [${quoted(policyFile)}]

${EXAMPLE}
`;
}
