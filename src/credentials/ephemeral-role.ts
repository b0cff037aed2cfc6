// A PostgreSQL role that lives as long as the session: created by an admin role, dropped at the end, swept after a crash.
import { randomBytes } from 'node:crypto';
import type { CredentialContext, CredentialSource } from '../model/credential.ts';
import { BrokerError } from '../model/errors.ts';
import { type Admin, type AdminSettings, connectAdmin, explain } from './role/admin.ts';
import { createRole, dropRole, expiredRoles, roleName } from './role/role.ts';
import { scramVerifier } from './role/scram.ts';
import {
  between,
  checkSettings,
  isText,
  isTextList,
  isVariable,
  numberOf,
  type SettingProblem,
  type Settings,
  textOf,
} from './settings.ts';

const EIGHT_HOURS = 28_800;
const A_WEEK = 604_800;

const ADMIN_ROWS = {
  user: { required: true, rule: isText },
  secret: { rule: isText },
  passwordVariable: { rule: isVariable },
  host: { rule: isText },
  port: { rule: between(1, 65_535) },
  database: { rule: isText },
};

function asSettings(value: unknown): Settings | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Settings)
    : undefined;
}

function checkAdmin(value: unknown): SettingProblem[] {
  const admin = asSettings(value);
  if (!admin) return [];
  const problems = checkSettings(admin, ADMIN_ROWS);
  if (admin['secret'] !== undefined && admin['passwordVariable'] !== undefined)
    problems.push({ setting: 'passwordVariable', reason: 'give either secret or passwordVariable' });
  return problems.map(({ setting, reason }) => ({ setting: `admin.${setting}`, reason }));
}

function check(settings: Settings): SettingProblem[] {
  const problems = checkSettings(settings, {
    admin: {
      required: true,
      rule: (value) => (asSettings(value) ? undefined : 'must be a group of settings'),
    },
    grant: { required: true, rule: isTextList },
    ttl: { rule: between(60, A_WEEK) },
    connectionLimit: { rule: between(1, 1_000) },
    heir: { rule: isText },
  });
  return [...problems, ...checkAdmin(settings['admin'])];
}

function adminOf(context: CredentialContext): AdminSettings {
  return context.connection.credential['admin'] as AdminSettings;
}

async function withAdmin<T>(
  context: CredentialContext,
  what: string,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = await connectAdmin(context, adminOf(context));
  try {
    return await work(admin);
  } catch (error) {
    throw explain(error, context, what);
  } finally {
    await admin.end();
  }
}

function drop(context: CredentialContext, admin: Admin, name: string): Promise<void> {
  const heir = textOf(context.connection.credential, 'heir');
  return dropRole(admin, name, heir, (database) => connectAdmin(context, adminOf(context), database));
}

/** Housekeeping on the way: another broker may be at the same role, and then it is that one's to drop. */
async function sweepExpired(context: CredentialContext, admin: Admin): Promise<void> {
  for (const name of await expiredRoles(admin).catch(() => []))
    await drop(context, admin, name).catch(() => {});
}

function release(context: CredentialContext, name: string): Promise<void> {
  return withAdmin(context, `drop role ${name}`, (admin) => drop(context, admin, name));
}

export const ephemeralRole: CredentialSource = {
  id: 'ephemeral-role',
  check,
  obtain: async (context) => {
    const { credential } = context.connection;
    const name = roleName(context.session);
    const password = randomBytes(32).toString('base64url');
    const ttl = numberOf(credential, 'ttl', EIGHT_HOURS);
    const expires = context.now() + ttl * 1000;
    await withAdmin(context, `create role ${name}`, async (admin) => {
      await sweepExpired(context, admin);
      await createRole(admin, {
        name,
        session: context.session,
        verifier: scramVerifier(password, randomBytes(16)),
        ttl,
        grant: credential['grant'] as readonly string[],
        connectionLimit: numberOf(credential, 'connectionLimit', 20),
      });
      if (!context.signal.aborted) return;
      await drop(context, admin, name);
      throw new BrokerError('interrupted');
    });
    let released: Promise<void> | undefined;
    return {
      credential: { user: name, secret: { kind: 'password', password }, expires, label: 'ephemeral-role' },
      resume: { role: name },
      release: () => {
        released ??= release(context, name).catch((error: unknown) => {
          released = undefined;
          throw error;
        });
        return released;
      },
    };
  },
  /** Also without `resume`: an agent may die between creating the role and writing that down. */
  sweep: (context, resume) => release(context, resume['role'] ?? roleName(context.session)),
};
