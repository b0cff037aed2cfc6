// The objects OCSF events are made of. Pure; must never leave out which signed file an event comes from.
import type { Predicate } from '../model/evidence.ts';
import type { ExportedStatement } from './exporter.ts';

export const VERSION = '1.8.0';

export type Members = Readonly<Record<string, unknown>>;

/** Class, activity and outcome of one event; the rest of it is `more`. */
export interface Shape {
  readonly category: number;
  readonly class: number;
  readonly activity: number;
  readonly time: string;
  readonly status: 'success' | 'failure' | 'unknown';
  readonly severity?: 'informational' | 'low' | 'medium';
  readonly message: string;
}

const STATUS = { unknown: 0, success: 1, failure: 2 } as const;
const SEVERITY = { informational: 1, low: 2, medium: 3 } as const;

export function millis(time: string): number {
  return Date.parse(time);
}

function host(address: string): { readonly name: string; readonly port?: number } {
  const [, name, port] = /^\[?(.*?)\]?:(\d{1,5})$/.exec(address) ?? [];
  return name ? { name, port: Number(port) } : { name: address };
}

function isIp(name: string): boolean {
  return /^(?:\d{1,3}\.){3}\d{1,3}$/.test(name) || /^[0-9a-f:]+:[0-9a-f:]*$/i.test(name);
}

export function endpoint(address: string): Members {
  const { name, port } = host(address);
  return { ...(isIp(name) ? { ip: name } : { hostname: name }), ...(port === undefined ? {} : { port }) };
}

export function user({ identity }: Predicate): Members {
  return { uid: identity.sub, domain: identity.iss, type_id: 1 };
}

/** A bot acts through an application on a person's behalf; both are told. */
export function actor(predicate: Predicate): Members {
  const { identity, actor: who, session } = predicate;
  return {
    user: user(predicate),
    idp: { name: identity.iss, issuer: identity.iss },
    ...(who.kind === 'bot'
      ? { app_name: who.name, ...(who.version ? { app_uid: `${who.name}@${who.version}` } : {}) }
      : {}),
    ...(session
      ? { session: { uid: session.id, issuer: identity.iss, created_time: millis(session.opened) } }
      : {}),
  };
}

/** Where the evidence itself lies, so that a line can be traced back to what was signed. */
function metadata({ predicate, key }: ExportedStatement, uid: string): Members {
  return {
    version: VERSION,
    product: { name: predicate.tool.name, vendor_name: 'access-broker', version: predicate.tool.version },
    profiles: ['security_control'],
    log_name: key,
    uid,
    original_time: predicate.clock.wall,
    ...(predicate.session ? { correlation_uid: predicate.session.id } : {}),
  };
}

export function event(statement: ExportedStatement, uid: string, shape: Shape, more: Members): string {
  const { category, class: classUid, activity, severity = 'informational' } = shape;
  return `${JSON.stringify({
    activity_id: activity,
    category_uid: category,
    class_uid: classUid,
    type_uid: classUid * 100 + activity,
    time: millis(shape.time),
    severity_id: SEVERITY[severity],
    status_id: STATUS[shape.status],
    message: shape.message,
    metadata: metadata(statement, uid),
    ...more,
  })}\n`;
}

export function source(): Members {
  // Clients reach broker over loopback only; which machine that was is in the events' `source`.
  return { ip: '127.0.0.1' };
}

export function database({ session }: Predicate): Members {
  return {
    database: {
      name: session?.database ?? session?.connection ?? 'unknown',
      type_id: session?.protocol === 'postgres' ? 1 : 0,
    },
    ...(session ? { dst_endpoint: { ...endpoint(session.address), svc_name: session.connection } } : {}),
  };
}
