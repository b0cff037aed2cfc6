// Turns the file's words into the model's: camelCase, absolute paths, a map of connections. Pure.
import { dirname, isAbsolute, join } from 'node:path';
import type { Config, Origin } from '../model/config.ts';
import type { Connection, CredentialSettings } from '../model/connection.ts';
import type { RawConfig, RawConnection } from './schema.ts';

export interface ResolveOptions {
  readonly home: string;
  readonly cwd: string;
  /** Where bundles go when nobody says. */
  readonly defaultStore: string;
  readonly origins: ReadonlyMap<string, Origin>;
}

const camel = (key: string) => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

function camelKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camel(key), camelKeys(inner)]));
}

/** Relative paths count from the file that says them; `~/` is the home folder. */
function absolute(path: string, at: string, options: ResolveOptions): string {
  if (path.startsWith('~/')) return join(options.home, path.slice(2));
  if (isAbsolute(path)) return path;
  const file = /^(.*):\d+:\d+$/.exec(options.origins.get(at)?.place ?? '')?.[1];
  return join(file ? dirname(file) : options.cwd, path);
}

function storeUrl(url: string, options: ResolveOptions): string {
  if (!url.startsWith('file:')) return url;
  const path = url.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
  return path === '' ? `file:${options.defaultStore}` : `file:${absolute(path, 'store.url', options)}`;
}

function tlsOf(name: string, { tls }: RawConnection, options: ResolveOptions): Connection['tls'] {
  const file = (key: 'ca' | 'cert' | 'key') => {
    const path = tls[key];
    return path === undefined ? {} : { [key]: absolute(path, `connections.${name}.tls.${key}`, options) };
  };
  return { mode: tls.mode, ...file('ca'), ...file('cert'), ...file('key') };
}

/** A remote MCP server is where its address says. */
function placeOf({ host = '', port = 5432, url }: RawConnection): Pick<Connection, 'host' | 'port' | 'url'> {
  if (url === undefined) return { host, port };
  const { hostname, port: given, protocol, href } = new URL(url);
  return { host: hostname, port: Number(given) || (protocol === 'http:' ? 80 : 443), url: href };
}

function toConnection(name: string, raw: RawConnection, options: ResolveOptions): Connection {
  const { masking, recording, description, database, credential = { source: 'oauth' } } = raw;
  return {
    name,
    type: raw.type,
    ...placeOf(raw),
    ...(database === undefined ? {} : { database }),
    tls: tlsOf(name, raw, options),
    credential: camelKeys(credential) as CredentialSettings,
    labels: raw.labels,
    masking: {
      columns: raw.columns,
      strategies: masking.strategies,
      onUnknown: masking.on_unknown,
      ...(masking.detectors ? { detectors: masking.detectors } : {}),
    },
    recording: { maxRows: recording.max_rows, maxBytes: recording.max_bytes, prompts: recording.prompts },
    ...(description === undefined ? {} : { description }),
  };
}

/** A signer of whom nothing else is said signs in as we do. */
function teamPolicyOf({ team_policy: team, identity }: RawConfig): Pick<Config, 'teamPolicy'> {
  if (!team) return {};
  const signers = team.signers.map(({ issuer = identity?.issuer, client_id, subject, email, group }) => ({
    issuer: issuer ?? '',
    clientId: client_id ?? identity?.client_id ?? '',
    ...(subject === undefined ? {} : { subject }),
    ...(email === undefined ? {} : { email }),
    ...(group === undefined ? {} : { group }),
  }));
  return { teamPolicy: { signers, strength: team.strength, interval: team.interval } };
}

export function toConfig(raw: RawConfig, options: ResolveOptions): Config {
  const { identity, store, agent } = raw;
  const connections = Object.entries(raw.connections).map(
    ([name, connection]) => [name, toConnection(name, connection, options)] as const,
  );
  return {
    ...(identity
      ? {
          identity: {
            issuer: identity.issuer,
            clientId: identity.client_id,
            ...(identity.target_client_id ? { targetClientId: identity.target_client_id } : {}),
            scopes: identity.scopes,
            groupsClaim: identity.groups_claim,
            redirectPort: identity.redirect_port,
          },
        }
      : {}),
    store: {
      url: storeUrl(store.url, options),
      unsafe: store.unsafe,
      requireOnline: store.require_online,
      maxBacklog: store.max_backlog,
      ...(store.timestamp_url === undefined ? {} : { timestampUrl: store.timestamp_url }),
      ...(store.retention === undefined ? {} : { retention: store.retention }),
    },
    keychain: raw.keychain,
    policy: raw.policy.map((path, index) => absolute(path, `policy.${index}`, options)),
    ...teamPolicyOf(raw),
    connections: new Map(connections),
    agent: { idle: agent.idle, spare: agent.spare },
    ...(raw.approvals ? { approvals: raw.approvals } : {}),
    bots: new Map(Object.entries(raw.bots)),
  };
}
