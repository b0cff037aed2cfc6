// Shows a request whole, makes sure, and has the answer signed. Must never answer a request other than the one that was shown.
import { type Order, sendAnswer } from '../../front/answer.ts';
import { findApproval } from '../../front/approvals.ts';
import { openAgent } from '../../front/compose.ts';
import { pastedLine, showPrompt } from '../../front/prompt.ts';
import { visible, visibleJson } from '../../lib/visible.ts';
import type { ApprovalRow } from '../../model/approval.ts';
import { BrokerError, EXIT } from '../../model/errors.ts';
import { approvalsOf, shortPerson, strengthOf, titleOf } from '../../screens/approvals/facts.ts';
import { requestPage } from '../../screens/approvals/page.ts';
import { unanswerable } from '../../screens/approvals/state.ts';
import type { CommandContext } from '../command.ts';

type Answer = Order['answer'];

const DONE = { approve: 'approved', deny: 'denied', revoke: 'revoked' } as const;

/** Hex characters of a digest that leave no doubt. */
const LEAST_DIGEST = 16;

function wrong(answer: Answer, reason: string, hint?: string): BrokerError {
  return new BrokerError('usage', { reason, command: `approvals ${answer}` }, hint ? { hint } : {});
}

function modeOf({ options }: CommandContext, answer: Answer): Order['mode'] {
  const { browser, device } = options;
  if (browser === false && device === true) throw wrong(answer, 'give either --no-browser or --device');
  return device === true ? 'device' : browser === false ? 'paste' : 'browser';
}

/** Throws when this request cannot be answered like this. */
function requireAnswerable(row: ApprovalRow, answer: Answer): void {
  if (row.genuine && row.state === 'expired') throw new BrokerError('request-expired', { id: row.id });
  const reason = unanswerable(row, answer);
  if (reason !== undefined) throw new BrokerError('request-unanswerable', { id: row.id, reason });
}

/** `--digest`: what is answered has to be what was read elsewhere. */
function requireDigest(row: ApprovalRow, { options }: CommandContext, answer: Answer): void {
  const { digest } = options;
  if (digest === undefined) return;
  const wanted = String(digest).toLowerCase();
  if (!/^[0-9a-f]{1,64}$/.test(wanted) || wanted.length < LEAST_DIGEST)
    throw wrong(
      answer,
      `--digest takes at least ${LEAST_DIGEST} hex characters of the digest that \`broker approvals show\` prints`,
    );
  if (!row.digest.startsWith(wanted))
    throw new BrokerError('request-unanswerable', { id: row.id, reason: `its digest is ${row.digest}` });
}

/** Resolves when the person said yes. */
async function makeSure(row: ApprovalRow, context: CommandContext): Promise<void> {
  const { options, mayAsk, stderr, signal } = context;
  if (options['yes'] === true) {
    if (options['digest'] !== undefined) return;
    throw wrong('approve', '--yes needs --digest, so that what is approved is what was read');
  }
  if (!mayAsk)
    throw wrong(
      'approve',
      'approving asks a question, and there is nobody to answer it',
      'read it with `broker approvals show`, then give --yes and its --digest',
    );
  const whose = shortPerson(row.requester);
  stderr.write(visible(`Approve ${titleOf(row)} on ${row.what.connection} for ${whose}? Type yes: `));
  const reader = pastedLine(context);
  const gone = new Promise<string>((resolve) =>
    signal.addEventListener('abort', () => resolve(''), { once: true }),
  );
  const said = await Promise.race([reader.line, gone]);
  reader.close();
  if (said.trim().toLowerCase() !== 'yes') throw new BrokerError('interrupted');
}

function reasonOf({ options }: CommandContext, answer: Answer): { reason?: string } {
  const { reason } = options;
  const text = typeof reason === 'string' ? reason.trim() : '';
  if (text !== '') return { reason: text };
  if (answer === 'approve') return {};
  throw wrong(answer, '--reason is missing');
}

function tell(row: ApprovalRow, answer: Answer, answered: { key: string; digest: string }): string {
  const count = approvalsOf(row) + 1;
  const quorum = row.what.quorum;
  const enough = answer !== 'approve' || count >= quorum ? '' : `, ${count} of ${quorum} so far`;
  return `${DONE[answer]} request ${row.id}${enough}\nsigned ${answered.digest}\nstored ${visible(answered.key)}\n`;
}

export async function run(context: CommandContext, answer: Answer): Promise<number> {
  const { stdout, json, clock, signal } = context;
  const [id = ''] = context.args;
  const mode = modeOf(context, answer);
  const reason = reasonOf(context, answer);
  const agent = await openAgent(context);
  const row = await findApproval(agent, context, id);
  requireAnswerable(row, answer);
  requireDigest(row, context, answer);
  if (answer === 'approve') {
    const page = requestPage(row, clock.now(), stdout.columns || undefined);
    if (!json) stdout.write(`${page}\n`);
    await makeSure(row, context);
  }
  const strength = strengthOf(row, answer);
  const order: Order = { id: row.id, digest: row.digest, answer, ...reason, strength, mode };
  let reader: ReturnType<typeof pastedLine> | undefined;
  const pasted = () => {
    reader ??= pastedLine(context);
    return reader.line;
  };
  try {
    const show = (prompt: Parameters<typeof showPrompt>[1]) => showPrompt(context, prompt);
    const answered = await sendAnswer(agent, context, order, { show, pasted, signal });
    if (json) stdout.write(`${visibleJson({ request: row.id, answer, ...answered })}\n`);
    else stdout.write(tell(row, answer, answered));
  } finally {
    reader?.close();
  }
  return EXIT.done;
}
