// What broker.yaml may say. The JSON Schema for editors is made from this too, so every field describes itself.
import { z } from 'zod';
import { wording } from './wording.ts';

const name = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_.-]{0,62}$/,
    'must be lower case letters, digits, - _ . and start with one of the first two',
  );
const text = z.string().min(1, 'must not be empty');
const dataType = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'must be a data type such as payment-card');
const column = z.string().regex(/^[^.]+\.[^.]+\.[^.]+$/, 'must be schema.table.column');

const issuer = z.string().superRefine((value, context) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const loopback = url && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback)) return;
  context.addIssue({ code: 'custom', message: 'must be an https:// address (http:// only on loopback)' });
});

const identity = z
  .strictObject({
    issuer: issuer.describe('Issuer URL of the OpenID provider.'),
    client_id: text.describe('Public client used for evidence; no target should trust its tokens.'),
    target_client_id: text.optional().describe('Public client whose tokens targets accept.'),
    scopes: z
      .array(text)
      .default(['openid', 'email', 'profile', 'offline_access'])
      .describe('Scopes to ask for.'),
    groups_claim: text.default('groups').describe('Claim that lists the groups of a person.'),
    redirect_port: z
      .int()
      .min(0)
      .max(65535)
      .default(0)
      .describe('Loopback port of the redirect; 0 picks any.'),
  })
  .describe('Who signs people in.');

const store = z
  .strictObject({
    url: z
      .string()
      .regex(/^(file:|s3:\/\/)/, 'must start with file: or s3://')
      .default('file:')
      .describe('Where bundles go: file:/path or s3://bucket/prefix?endpoint=…&region=….'),
    unsafe: z.boolean().default(false).describe('Accept a store that the probe calls unsafe; recorded.'),
    require_online: z.boolean().default(false).describe('Refuse sessions while the store cannot be reached.'),
    max_backlog: z
      .int()
      .min(0)
      .default(0)
      .describe('Refuse sessions while an upload has waited longer, in seconds; 0 never.'),
    timestamp_url: z
      .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
      .optional()
      .describe('Time stamping authority (RFC 3161) asked about signatures; it signs its answers itself.'),
    retention: z
      .strictObject({
        days: z.int().min(1).max(36_500).describe('How long nobody may delete what is stored.'),
        mode: z
          .enum(['governance', 'compliance'])
          .default('compliance')
          .describe('Whether an administrator may shorten it (governance) or nobody (compliance).'),
      })
      .optional()
      .describe('Lock each object on its own, in a bucket with Object Lock.'),
  })
  .describe('The shared object store.');

const tls = z
  .strictObject({
    mode: z
      .enum(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'])
      .default('verify-full')
      .describe("libpq's sslmode, with its meaning."),
    ca: text.optional().describe('PEM file of the authorities to trust.'),
    cert: text.optional().describe('PEM file of our certificate.'),
    key: text.optional().describe('PEM file of our key.'),
  })
  .describe('TLS to the target.');

const masking = z
  .strictObject({
    strategies: z
      .record(dataType, z.enum(['redact', 'partial', 'hash', 'null']))
      .default({})
      .describe('How values of a data type are hidden.'),
    on_unknown: z
      .enum(['mask', 'deny', 'pass'])
      .default('mask')
      .describe('What happens to values of unknown origin.'),
    detectors: z.array(dataType).optional().describe('Detectors to run; all when left out.'),
  })
  .describe('How values are masked.');

const recording = z
  .strictObject({
    max_rows: z.int().min(0).max(100_000).default(50).describe('Masked rows kept per answer.'),
    max_bytes: z
      .int()
      .min(0)
      .max(16_777_216)
      .default(65_536)
      .describe('Bytes of masked rows kept per answer.'),
    prompts: z
      .enum(['digest', 'text'])
      .default('digest')
      .describe('What is kept of calls of language models: digests, or masked text as well.'),
  })
  .describe('How much of an answer is recorded.');

/** What a connection of each type must say, and what would mean nothing there. */
const SHAPES = [
  { type: 'postgres', needed: ['host', 'credential'], idle: ['url'] },
  { type: 'mcp', needed: ['url'], idle: ['host', 'port', 'database', 'tls'] },
] as const;

const settings = z
  .strictObject({
    type: z.enum(['postgres', 'mcp']).describe('Protocol of the target; mcp is a remote MCP server.'),
    host: text.optional().describe('Host name, address, or the folder of a unix socket.'),
    port: z.int().min(1).max(65535).optional().describe('Port of the target; 5432 when left out.'),
    url: issuer
      .refine((value) => !/^[^/?#]*\/\/[^/?#]*@/.test(value), 'must not carry a password')
      .optional()
      .describe('Address of a remote MCP server; https, or http on loopback.'),
    database: text.optional().describe('Database; the account name when left out.'),
    tls: tls.prefault({}),
    credential: z
      .looseObject({ source: text.describe('keychain, env, oidc, ephemeral-role, exec or oauth.') })
      .optional()
      .describe('How the credential is obtained; oauth for a remote MCP server when left out.'),
    labels: z.array(text).default([]).describe('Labels that policies speak about, such as env:prod.'),
    columns: z
      .record(column, dataType)
      .default({})
      .describe('Protected columns: schema.table.column → data type.'),
    masking: masking.prefault({}),
    recording: recording.prefault({}),
    description: text.optional().describe('One line for people.'),
  })
  .describe('A named target.');

/** Something other than what stands there when nobody says anything. */
const isSaid = (value: unknown): boolean =>
  value !== undefined && JSON.stringify(value) !== JSON.stringify(tls.parse({}));

/** Also beside other problems, so that all are told at once. */
const connection = SHAPES.reduce((schema, { type, needed, idle }) => {
  const check = (of: typeof settings, key: string, wrong: (value: unknown) => boolean, message: string) =>
    of.refine((given: Readonly<Record<string, unknown>>) => given['type'] !== type || !wrong(given[key]), {
      path: [key],
      message,
      when: ({ value }) => typeof value === 'object' && value !== null,
    });
  const checked = needed.reduce(
    (of, key) => check(of, key, (value) => value === undefined, 'is missing'),
    schema,
  );
  return idle.reduce(
    (of, key) => check(of, key, isSaid, `is not a setting of a connection of type ${type}`),
    checked,
  );
}, settings);

const webhook = z
  .strictObject({
    url: issuer.describe('Where requests are posted to; https, or http on loopback.'),
    secret: text.describe('Name of the keychain entry that signs what is posted: `broker secrets set`.'),
  })
  .describe('A chat or a service that is told of requests.');

const approvals = z
  .strictObject({
    webhooks: z.array(webhook).max(8).default([]).describe('Who is told of a request, beside the store.'),
    desktop: z.boolean().default(true).describe('Notify on the desktop, where there is one.'),
  })
  .describe('How people hear of requests for approval.');

const signer = z
  .strictObject({
    issuer: issuer.optional().describe('Issuer of the signer; your own provider when left out.'),
    client_id: text.optional().describe('Client the signer signs in with; your own when left out.'),
    subject: text.optional().describe('The signer’s subject, as `broker whoami` prints it.'),
    email: text.optional().describe('An e-mail address that the provider has verified.'),
    group: text.optional().describe('A group the signer is in.'),
  })
  .refine(
    ({ subject, email, group }) => subject ?? email ?? group,
    'must name a subject, an email or a group',
  )
  .describe('Who may publish; everything that is said must be true of them.');

const teamPolicy = z
  .strictObject({
    signers: z.array(signer).min(1, 'must name at least one').max(64).describe('Whose policy counts.'),
    strength: z
      .enum(['fresh-sign-in', 'session-key'])
      .default('fresh-sign-in')
      .describe('The weakest signature that counts.'),
    interval: z
      .int()
      .min(1)
      .max(86_400)
      .default(15)
      .describe('Seconds between looks at the store while something is open.'),
  })
  .describe('Policy comes from the store: only what these people published permits anything.');

const agent = z
  .strictObject({
    idle: z.int().min(1).default(900).describe('Seconds without work before the agent stops.'),
    spare: z.boolean().default(true).describe('Keep one worker forked ahead.'),
  })
  .describe('The background process.');

const bot = z
  .strictObject({
    groups: z.array(text).default([]).describe('Groups it is in; it never has those of its owner.'),
  })
  .describe('A bot: an AI agent, an MCP server, a CI job.');

export const SCHEMA = z
  .strictObject({
    version: z.literal(1).default(1).describe('Version of this format.'),
    identity: identity.optional(),
    store: store.prefault({}),
    keychain: z.enum(['auto', 'system', 'file']).default('auto').describe('Where secrets are kept.'),
    policy: z.array(text).default([]).describe('Cedar files and folders; relative to this file.'),
    team_policy: teamPolicy.optional(),
    connections: z.record(name, connection).default({}).describe('Targets by name.'),
    agent: agent.prefault({}),
    approvals: approvals.optional(),
    bots: z.record(name, bot).default({}).describe('Bots by name.'),
  })
  .describe('Configuration of broker.');

export type RawConfig = z.infer<typeof SCHEMA>;
export type RawConnection = RawConfig['connections'][string];

/** What is wrong with settings a person has just typed, or undefined. */
export function firstProblem(settings: unknown): string | undefined {
  const [issue] = SCHEMA.safeParse(settings).error?.issues ?? [];
  return issue && wording(issue);
}

/** JSON Schema (draft 2020-12) of broker.yaml, for editors. */
export function jsonSchema(): object {
  return { title: 'broker.yaml', ...z.toJSONSchema(SCHEMA, { io: 'input' }) };
}
