// From ID-token claims to the person they are about. Pure; takes claims that have already been verified.
import type { IdentitySettings } from '../model/config.ts';
import type { User } from '../model/principal.ts';

export type Claims = Readonly<Record<string, unknown>>;

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** The claim by its exact name (which may be a URL), else along its dots, as Keycloak nests `realm_access.roles`. */
function lookUp(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

function groupsOf(claims: Claims, claim: string): string[] {
  const value = lookUp(claims, claim);
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return [...new Set(list.filter((one) => typeof one === 'string' && one !== ''))] as string[];
}

/** An e-mail counts only when the provider says it verified it. */
export function toUser(claims: Claims, settings: Pick<IdentitySettings, 'groupsClaim'>): User {
  const email = claims['email_verified'] === true ? text(claims['email']) : undefined;
  const name = text(claims['name']) ?? text(claims['preferred_username']);
  const acr = text(claims['acr']);
  const amr = claims['amr'];
  const authTime = claims['auth_time'];
  return {
    iss: text(claims['iss']) ?? '',
    sub: text(claims['sub']) ?? '',
    ...(email === undefined ? {} : { email }),
    ...(name === undefined ? {} : { name }),
    groups: groupsOf(claims, settings.groupsClaim),
    ...(acr === undefined ? {} : { acr }),
    ...(Array.isArray(amr) ? { amr: amr.filter((one) => typeof one === 'string') } : {}),
    ...(typeof authTime === 'number' ? { authTime } : {}),
  };
}

/** What a person should be told about claims that are missing. */
export function claimNotices(claims: Claims, settings: Pick<IdentitySettings, 'groupsClaim'>): string[] {
  const notices: string[] = [];
  if (lookUp(claims, settings.groupsClaim) === undefined)
    notices.push(`the ID token has no claim "${settings.groupsClaim}": you are in no group`);
  if (typeof claims['email'] === 'string' && claims['email_verified'] !== true)
    notices.push('the provider has not verified your e-mail address, so it is not used');
  return notices;
}

/** True when two ID tokens are about one person; providers with pairwise subjects give each client its own `sub`. */
export function samePerson(one: Claims, other: Claims, pairwise: boolean): boolean {
  if (one['iss'] !== other['iss']) return false;
  if (one['sub'] === other['sub']) return true;
  if (!pairwise) return false;
  if (text(one['oid']) !== undefined) return one['oid'] === other['oid'] && one['tid'] === other['tid'];
  const verified = one['email_verified'] === true && other['email_verified'] === true;
  return verified && text(one['email']) !== undefined && one['email'] === other['email'];
}
