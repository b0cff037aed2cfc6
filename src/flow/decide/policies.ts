// A checked, ready policy set: parsed, validated against the schema, preparsed in the engine. Must never hold an unchecked policy.
import type { ValidationError } from '@cedar-policy/cedar-wasm/nodejs';
import { canonical } from '../../lib/canonical.ts';
import { sha256 } from '../../lib/digest.ts';
import { nearest } from '../../lib/nearest.ts';
import type { AskTerms, Decision } from '../../model/decision.ts';
import { BrokerError } from '../../model/errors.ts';
import type { PolicyText } from '../../model/session.ts';
import { readAsk } from './ask.ts';
import { type Cedar, loadCedar } from './engine.ts';
import { mentionedContext } from './mentions.ts';
import { checkSchema, runSchema } from './schema.ts';
import { type PolicyProblem, type PolicySource, placeOf, problem, readSources } from './source.ts';

export interface LoadedPolicy extends PolicySource {
  /** `file:line:column` */
  readonly place: string;
  readonly effect: 'permit' | 'forbid';
  readonly advice?: string;
  /** Present when the policy asks a person instead of forbidding. */
  readonly ask?: AskTerms;
}

/** Annotations that say something to broker. */
const ANNOTATIONS = ['id', 'advice', 'ask', 'quorum', 'expires', 'scope', 'strength'];

export interface PolicySet {
  /** SHA-256 hex of the canonical JSON of `{files}`: the digest of the policy as evidence keeps it. */
  readonly digest: string;
  readonly policies: ReadonlyMap<string, LoadedPolicy>;
  /** What is allowed and may not be meant. */
  readonly warnings: readonly PolicyProblem[];
  /** Attributes of the context that some policy reads; `all` when one uses the context as a whole. */
  readonly mentions: ReadonlySet<string> | 'all';
  readonly cedar: Cedar;
  /** Names in the engine: all policies, and those that do not ask. */
  readonly full: string;
  readonly withoutAsk: string;
  readonly cache: Map<string, Decision>;
}

export const SCHEMA_NAME = 'broker';

type Texts = Record<string, string>;

/** What follows from another fault of the same policy is left out. */
function telling(
  errors: readonly ValidationError[],
  warnings: readonly ValidationError[],
): ValidationError[] {
  const follows = ({ error }: ValidationError): boolean =>
    /unable to find an applicable action/.test(error.message);
  const causes = errors.filter((fault) => !follows(fault));
  const others = [...errors.filter(follows), ...warnings];
  const first = others.filter(
    (fault, index) => others.findIndex((one) => one.policyId === fault.policyId) === index,
  );
  return [...causes, ...first.filter(({ policyId }) => !causes.some((cause) => cause.policyId === policyId))];
}

/** Warnings count: a policy that can never apply is a rule somebody believes in. */
function validate(
  cedar: Cedar,
  policies: readonly PolicySource[],
  files: PolicyText['files'],
): PolicyProblem[] {
  const staticPolicies: Texts = Object.fromEntries(policies.map(({ text }, index) => [String(index), text]));
  const answer = cedar.validate({
    schema: checkSchema(policies.map(({ text }) => text)),
    policies: { staticPolicies },
  });
  if (answer.type === 'failure')
    return answer.errors.map(({ message }) => ({ place: 'policy:1:1', reason: message }));
  const found = telling(answer.validationErrors, answer.validationWarnings).map(({ policyId, error }) => {
    const source = policies[Number(policyId)];
    const file = source?.file ?? 'policy';
    const message = error.message.replace(/^for policy `[^`]*`, /, '').replace(/ for Action::"[^"]*"/, '');
    return problem({ ...error, message }, file, files[file] ?? '', source?.offset ?? 0);
  });
  // Cedar repeats itself once per action that a policy covers.
  return [...new Map(found.map((fault) => [`${fault.place} ${fault.reason}`, fault])).values()];
}

function load(source: PolicySource, text: PolicyText, problems: PolicyProblem[]): LoadedPolicy {
  const { files, paths } = text;
  const place = placeOf(source.file, files[source.file] ?? '', source.offset);
  const { annotations = {}, effect } = source.json;
  const { ask, faults } = readAsk(annotations, effect);
  problems.push(...faults.map((reason) => ({ place, reason })));
  const advice = annotations['advice'];
  return {
    ...source,
    place: shown(place, paths),
    effect,
    ...(advice ? { advice } : {}),
    ...(ask ? { ask } : {}),
  };
}

/** A misspelt `@ask` is a forbid that nobody can release. */
function strangers({ place, json }: LoadedPolicy): PolicyProblem[] {
  const unknown = Object.keys(json.annotations ?? {}).filter((name) => !ANNOTATIONS.includes(name));
  return unknown.map((name) => {
    const meant = nearest(name, ANNOTATIONS);
    return { place, reason: `@${name} says nothing to broker${meant ? `; did you mean @${meant}?` : ''}` };
  });
}

function prepare(cedar: Cedar, name: string, policies: readonly LoadedPolicy[]): void {
  const staticPolicies: Texts = Object.fromEntries(policies.map(({ id, text }) => [id, text]));
  const answer = cedar.preparsePolicySet(name, { staticPolicies });
  if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
}

let schemaReady = false;

function prepareSchema(cedar: Cedar): void {
  if (schemaReady) return;
  const answer = cedar.preparseSchema(SCHEMA_NAME, runSchema());
  if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
  schemaReady = true;
}

function invalid(problems: readonly PolicyProblem[], paths: PolicyText['paths']): BrokerError {
  const lines = problems.map((fault) => `  ${shown(fault.place, paths)}: ${fault.reason}`);
  return new BrokerError('policy-invalid', { count: problems.length, problems: lines.join('\n') });
}

const numbers = ({ place }: PolicyProblem): number => {
  const [line = 0, column = 0] = place.split(':').slice(-2).map(Number);
  return line * 1_000_000 + column;
};
const fileOf = ({ place }: PolicyProblem): string => place.replace(/:\d+:\d+$/, '');
/** Where a person finds it. */
function shown(place: string, paths: PolicyText['paths'] = {}): string {
  const file = fileOf({ place, reason: '' });
  return Object.hasOwn(paths, file) ? `${paths[file]}${place.slice(file.length)}` : place;
}
const byPlace = (a: PolicyProblem, b: PolicyProblem): number =>
  fileOf(a) === fileOf(b) ? numbers(a) - numbers(b) : fileOf(a) < fileOf(b) ? -1 : 1;

interface Checked {
  readonly policies: readonly LoadedPolicy[];
  readonly problems: readonly PolicyProblem[];
}

function check(cedar: Cedar, text: PolicyText): Checked {
  const { policies, problems } = readSources(cedar, text);
  const all = [...problems, ...validate(cedar, policies, text.files)];
  const loaded = policies.map((source) => load(source, text, all));
  return { policies: loaded, problems: all.sort(byPlace) };
}

/** Everything wrong with a policy; empty when it can be loaded. */
export async function checkPolicies(text: PolicyText): Promise<readonly PolicyProblem[]> {
  return check(await loadCedar(), text).problems;
}

/** Throws BrokerError `policy-invalid` naming every problem as `file:line:column`. */
export async function loadPolicies(text: PolicyText): Promise<PolicySet> {
  const cedar = await loadCedar();
  const { policies, problems } = check(cedar, text);
  if (problems.length > 0) throw invalid(problems, text.paths);
  const digest = sha256(canonical({ files: text.files }));
  const [full, withoutAsk] = [digest, `${digest}:without-ask`];
  prepareSchema(cedar);
  prepare(cedar, full, policies);
  const unasking = policies.filter(({ ask }) => !ask);
  prepare(cedar, withoutAsk, unasking);
  return {
    digest,
    policies: new Map(policies.map((policy) => [policy.id, policy])),
    warnings: policies.flatMap(strangers),
    mentions: mentionedContext(policies.map(({ json }) => json)),
    cedar,
    full,
    withoutAsk,
    cache: new Map(),
  };
}
