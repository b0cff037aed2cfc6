// Somebody with write access to the store, and with accounts at the provider: puts decisions that must not count.
import type { EpochSignIn } from '../../src/agent/evidence.ts';
import type { ApprovalFile, RequestFile } from '../../src/flow/escalate/index.ts';
import { signIn, toSigner } from '../../src/identity/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { sha256 } from '../../src/lib/digest.ts';
import type { ApprovalDecision, ApprovalRow, RequestPredicate } from '../../src/model/approval.ts';
import { requestKey } from '../../src/model/approval-key.ts';
import { APPROVAL_FORM } from '../../src/model/approval-predicate.ts';
import { encodeBundle, parseSigned } from '../../src/model/bundle.ts';
import type { Store } from '../../src/model/store.ts';
import { identifyStore, openStore } from '../../src/stores/index.ts';
import { attOf, decisionBy, decisionOn, putProofs } from '../fakes/approvals.ts';
import type { ProviderPeer } from '../peers/provider.ts';

interface Envelope {
  readonly dsseEnvelope: {
    readonly payload: string;
    readonly signatures: readonly { readonly sig: string; readonly keyid: string }[];
  };
}

export interface Intruder {
  readonly store: Store;
  /** A request as it stands in the store. */
  request(row: ApprovalRow): Promise<RequestFile>;
  /** Signs somebody in for exactly this decision, or for nothing in particular when there is none. */
  enter(account: string, decision?: ApprovalDecision): Promise<EpochSignIn>;
  /** What a decision on a request would say now. */
  decide(request: RequestFile, more?: Partial<ApprovalDecision>): ApprovalDecision;
  /** Puts a decision, signed by a sign-in. */
  put(by: EpochSignIn, request: RequestFile, decision: ApprovalDecision): Promise<ApprovalFile>;
  /** The same with the signature that the same key made of something else. */
  forge(by: EpochSignIn, request: RequestFile, decision: ApprovalDecision): Promise<void>;
}

export async function openIntruder(
  url: string,
  environment: Readonly<Record<string, string>>,
  provider: ProviderPeer,
): Promise<Intruder> {
  const store = await openStore(url, environment);
  const { id: storeId } = await identifyStore(store);
  return {
    store,
    request: async ({ id, asked }) => {
      const day = asked.slice(0, 10);
      const key = requestKey(day, id);
      const found = await store.get(key);
      if (!found) throw new Error(`there is no ${key}`);
      const bytes = Buffer.from(found);
      const { predicate } = parseSigned(bytes, APPROVAL_FORM).statement;
      return { key, bytes, digest: sha256(bytes), day, predicate: predicate as RequestPredicate };
    },
    enter: async (account, decision) => {
      const signedIn = await signIn({
        settings: {
          issuer: provider.issuer,
          clientId: provider.evidenceClientId,
          scopes: ['openid', 'email', 'profile', 'groups'],
          groupsClaim: 'groups',
          redirectPort: 0,
        },
        mode: 'browser',
        clock: systemClock,
        signal: AbortSignal.timeout(60_000),
        show: (prompt) => void provider.signInOverHttp(prompt.url, account).catch(() => undefined),
        maxAge: 0,
        ...(decision === undefined ? {} : { att: attOf(decision) }),
      });
      const entered: EpochSignIn = {
        signer: toSigner(signedIn),
        pkToken: signedIn.pkToken,
        sightings: signedIn.sightings,
        validUntil: signedIn.expires,
      };
      await putProofs(store, entered);
      return entered;
    },
    decide: (request, more = {}) => decisionOn(request, Date.now(), { store: storeId, ...more }),
    put: async (by, request, decision) => {
      const file = decisionBy(by, request, decision, { at: Date.now(), signing: { store: storeId } });
      if ((await store.put(file.key, file.bytes)) !== 'created') throw new Error(`${file.key} was taken`);
      return file;
    },
    forge: async (by, request, decision) => {
      const made = (at: number) => decisionBy(by, request, decision, { at, signing: { store: storeId } });
      const [file, other] = [made(Date.now()), made(Date.now() + 1)].map(({ key, bytes }) => ({
        key,
        envelope: (JSON.parse(bytes.toString()) as Envelope).dsseEnvelope,
      }));
      const [signature] = other?.envelope.signatures ?? [];
      if (!file || !signature) throw new Error('nothing was signed');
      const mixed = encodeBundle(
        Buffer.from(file.envelope.payload, 'base64'),
        Buffer.from(signature.sig, 'base64'),
        signature.keyid,
      );
      await store.put(file.key, mixed);
    },
  };
}
