// One page a person can read, filter and replay, offline. Must never let evidence become markup or script, nor load anything.
import { formatSpan } from '../../lib/when.ts';
import type { Predicate } from '../../model/evidence.ts';
import { calledSigner } from '../approver.ts';
import type {
  ExportedEvent,
  ExportedStatement,
  Exporter,
  ExportFooter,
  ExportHeader,
  ExportTarget,
  ExportWriter,
} from '../exporter.ts';
import { Provenance } from '../provenance.ts';
import { NOT_PROOF, writeReadme } from '../readme.ts';
import { PAGE_JS } from './page.ts';
import { playerScript } from './player.ts';
import { SessionContent } from './session.ts';
import { block, foot, head, NODES_JS } from './shell.ts';

/** Characters of content a page may hold; a browser has to open it. */
const MOST_CONTENT = 200 * 2 ** 20;
const FILE = 'evidence.html';
const TRANSCRIPT = /^transcript(-\d{1,6})?\.cast\.gz$/;

const ABOUT_PAGE =
  'Made by access-broker for reading. Nobody signed this page: what was signed is in the format <code>bundle</code>, which can be checked without access-broker. Values were masked before they were recorded.';

/** Rows of the signed summary. */
function facts({ key, predicate }: ExportedStatement): (readonly [string, string])[] {
  const { session, identity, actor, enforcement, events, tool } = predicate;
  const rows: (readonly [string, string | undefined])[] = [
    ['person', `${identity.sub} at ${identity.iss}`],
    [
      'actor',
      actor.kind === 'bot' ? `bot ${actor.name}${actor.version ? ` ${actor.version}` : ''}` : actor.name,
    ],
    ['connection', session?.connection],
    [
      'target',
      session &&
        `${session.protocol} at ${session.address}${session.database ? `, database ${session.database}` : ''}`,
    ],
    ['server key', session?.fingerprint],
    ['account', session?.account && `${session.account} (${session.credential})`],
    ['opened', session?.opened],
    [
      'closed',
      session?.closed &&
        `${session.closed}, after ${formatSpan(Date.parse(session.closed) - Date.parse(session.opened))}`,
    ],
    ['end', session?.end],
    ['enforced by', enforcement],
    ['events', events && `${events.count}, Merkle root ${events.merkleRoot}`],
    ['signed file', key],
    ['tool', `${tool.name} ${tool.version}`],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

interface Row {
  readonly opened: string;
  readonly [name: string]: unknown;
}

function rowOf(statement: ExportedStatement, traits: object): Row {
  const { session, actor, masking } = statement.predicate;
  const { counts } = session as NonNullable<Predicate['session']>;
  return {
    id: session?.id,
    opened: session?.opened ?? '',
    user: calledSigner(statement),
    ...(actor.kind === 'bot' ? { bot: actor.name } : {}),
    connection: session?.connection,
    statements: counts?.statements ?? 0,
    denied: counts?.denied ?? 0,
    asked: counts?.asked ?? 0,
    masked: Number(masking?.['masked'] ?? 0),
    end: session?.end ?? '',
    facts: facts(statement),
    ...traits,
  };
}

const ABOUT = `## What is here

\`${FILE}\`: one page with verdicts and gaps, a timeline, filters, and every session with its statements, decisions, approvals, masking and terminal.
It needs a browser and nothing else: it loads nothing, sends nothing, and runs no script but its own.

${NOT_PROOF}`;

class HtmlWriter implements ExportWriter {
  readonly #target: ExportTarget;
  readonly #script = `'use strict';\n${NODES_JS}\n${playerScript()}\n${PAGE_JS}`;
  readonly #sessions: Row[] = [];
  readonly #ledger: object[] = [];
  readonly #attempts: object[] = [];
  readonly #provenance = new Provenance();
  #header: ExportHeader | undefined;
  #now: SessionContent | undefined;
  #written = 0;
  #omitted = 0;

  constructor(target: ExportTarget) {
    this.#target = target;
  }

  async header(header: ExportHeader): Promise<void> {
    this.#header = header;
    await this.#target.append(
      FILE,
      head({
        title: 'Session evidence',
        about: ABOUT_PAGE,
        skip: 'Skip to the evidence',
        script: this.#script,
      }),
    );
  }

  async statement(statement: ExportedStatement): Promise<void> {
    await this.#finish();
    const { predicate, key, digest, chosen } = statement;
    const { kind, clock, identity, chain, session, detail } = predicate;
    const user = calledSigner(statement);
    this.#ledger.push({ time: clock.wall, kind, user, seq: chain.seq, key, sha256: digest });
    if (!chosen) return;
    if (kind === 'session') {
      this.#now = new SessionContent(statement);
      this.#provenance.session(session?.id ?? '', `${identity.iss}|${identity.sub}`);
    }
    if (kind !== 'attempt') return;
    const policies = Array.isArray(detail?.['policies']) ? detail['policies'] : [];
    this.#attempts.push({
      time: clock.wall,
      user,
      connection: session?.connection,
      policies,
      code: String(detail?.['code'] ?? ''),
    });
  }

  async blob(digest: string, bytes: Uint8Array): Promise<void> {
    const name = this.#now?.statement.subjects.find((each) => each.digest === digest)?.name ?? '';
    if (TRANSCRIPT.test(name)) await this.#now?.recording(bytes);
  }

  async event({ value }: ExportedEvent): Promise<void> {
    this.#now?.event(value);
    this.#provenance.event(this.#now?.statement.predicate.session?.id ?? '', value);
  }

  async footer(footer: ExportFooter): Promise<void> {
    await this.#finish();
    const { store, filters } = this.#header as ExportHeader;
    const data = {
      verdicts: footer.verdicts,
      store: { id: store.id, url: store.url },
      filters,
      sessions: this.#sessions.sort((a, b) => (a.opened < b.opened ? -1 : a.opened > b.opened ? 1 : 0)),
      attempts: this.#attempts,
      ledger: this.#ledger,
      provenance: Object.fromEntries(this.#told()),
      omitted: { sessions: this.#omitted },
    };
    await this.#target.append(FILE, foot(data, this.#script));
    await writeReadme(this.#target, this.#header, footer, { sessions: this.#sessions.length, about: ABOUT });
  }

  /** Known at the end only: an exchange with a model may stand in a session that was sealed later. */
  *#told(): Generator<readonly [string, object]> {
    for (const id of this.#provenance.ids) {
      const told = this.#provenance.of(id);
      if (told.calls.length > 0 || told.direct.length > 0) yield [id, told];
    }
  }

  async #finish(): Promise<void> {
    const now = this.#now;
    this.#now = undefined;
    if (!now) return;
    const text = block(now.finish());
    this.#sessions.push(rowOf(now.statement, now.traits()));
    if (this.#written + text.length > MOST_CONTENT) {
      this.#omitted += 1;
      return;
    }
    this.#written += text.length;
    // The session's id is checked by the predicate's shape: letters, digits, `-` and `_`.
    const id = now.statement.predicate.session?.id ?? '';
    await this.#target.append(
      FILE,
      `<script type="application/json" data-session="${id}">${text}</script>\n`,
    );
  }
}

export const htmlExporter: Exporter = {
  id: 'html',
  summary: 'one page to read, filter and replay, offline',
  wants: { blobs: true, events: true },
  streams: true,
  open: (target) => new HtmlWriter(target),
};
