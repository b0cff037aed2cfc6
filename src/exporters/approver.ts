// Who signed a statement or answered a request, as their own sign-in names them. Pure; must never name anybody whose sign-in is not here.

export interface Person {
  readonly iss: string;
  readonly sub: string;
  /** As their ID token says; an e-mail only when the provider verified it. */
  readonly name?: string;
  readonly email?: string;
}

interface Signed {
  readonly person?: Person;
  readonly predicate: { readonly identity: Person };
}

export interface Approver extends Person {
  readonly answer: string;
}

/** SHA-256 hex of an answer's file → whose it is. */
export type Approvers = ReadonlyMap<string, Approver>;

/** `Dana Doe <dana@example.test> (dana-4711)`: names are for reading, the subject is who it is. */
export function called({ name, email, sub }: Person): string {
  const known = [name, email === undefined ? undefined : `<${email}>`].filter((each) => each !== undefined);
  return known.length === 0 ? sub : `${known.join(' ')} (${sub})`;
}

/** The subject alone where the sign-in says no more, or nobody read it. */
export function calledSigner({ person, predicate }: Signed): string {
  return person ? called(person) : predicate.identity.sub;
}

/** Those whose answers counted, each once, in the order in which the session names their answers. */
export function approversOf(approvers: Approvers | undefined, decisions: readonly string[]): Approver[] {
  const found = decisions.flatMap((digest) => approvers?.get(digest) ?? []);
  return found.filter(
    ({ iss, sub }, at) => found.findIndex((one) => one.iss === iss && one.sub === sub) === at,
  );
}

export function calledApprovers(approvers: Approvers | undefined, decisions: readonly string[]): string[] {
  return approversOf(approvers, decisions).map(called);
}
