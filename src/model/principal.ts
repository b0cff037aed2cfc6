// Who acts: a person known by issuer and subject, or a bot acting on a person's behalf.

/** A signed-in person. People are matched on `iss` and `sub`, never on e-mail. */
export interface User {
  readonly iss: string;
  readonly sub: string;
  /** Only kept when the provider says `email_verified`. */
  readonly email?: string;
  readonly name?: string;
  readonly groups: readonly string[];
  readonly acr?: string;
  readonly amr?: readonly string[];
  /** Seconds since the epoch. */
  readonly authTime?: number;
}

/** One assertion about which model acted, with where it came from; claims are never merged. */
export interface ModelClaim {
  readonly model: string;
  readonly source: string;
}

export interface Bot {
  readonly id: string;
  readonly groups: readonly string[];
  readonly client?: string;
  readonly version?: string;
  readonly models: readonly ModelClaim[];
}

export type Principal =
  | { readonly kind: 'user'; readonly user: User }
  | { readonly kind: 'bot'; readonly bot: Bot; readonly onBehalfOf: User };

/** The person who answers for the principal. */
export function owner(principal: Principal): User {
  return principal.kind === 'user' ? principal.user : principal.onBehalfOf;
}
