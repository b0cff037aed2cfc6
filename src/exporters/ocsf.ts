// Evidence as OCSF events, one JSON object per line, for a SIEM. Must never reorder a session's statements.
import type { ExportedStatement, Exporter, ExportHeader, ExportTarget, ExportWriter } from './exporter.ts';
import { granted, ran, signed } from './ocsf-events.ts';
import { VERSION } from './ocsf-parts.ts';
import { NOT_PROOF, writeReadme } from './readme.ts';
import { type EventValue, Stories } from './story.ts';

const FLUSH = 1 << 20;

const ABOUT = `## What is here

\`events.ndjson\`: OCSF ${VERSION}, one JSON object per line. Sign-ins are Authentication (3002), accounts given on a target Authorize Session (3003),
sessions and statements Datastore Activity (6005), tool calls and exports API Activity (6003). \`metadata.log_name\` is the signed file each line comes
from, \`metadata.uid\` that file and the number of the event in its log.

${NOT_PROOF}`;

class OcsfWriter implements ExportWriter {
  readonly #target: ExportTarget;
  readonly #stories = new Stories<ExportedStatement>((statement, told) => this.#add(ran(statement, told)));
  #header: ExportHeader | undefined;
  #pending = '';
  #sessions = 0;

  constructor(target: ExportTarget) {
    this.#target = target;
  }

  async header(header: ExportHeader): Promise<void> {
    this.#header = header;
  }

  async statement(statement: ExportedStatement): Promise<void> {
    await this.#stories.end();
    if (!statement.chosen) return;
    if (statement.predicate.kind === 'session') this.#sessions += 1;
    await this.#add(signed(statement));
  }

  async blob(): Promise<void> {}

  async event({ statement, value }: { statement: ExportedStatement; value: EventValue }): Promise<void> {
    if (value['type'] === 'credential') await this.#add(granted(statement, value));
    else await this.#stories.push(statement, value);
  }

  async footer(footer: Parameters<ExportWriter['footer']>[0]): Promise<void> {
    await this.#stories.end();
    await this.#flush();
    await writeReadme(this.#target, this.#header, footer, { sessions: this.#sessions, about: ABOUT });
  }

  async #add(line: string): Promise<void> {
    this.#pending += line;
    if (this.#pending.length > FLUSH) await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#pending !== '') await this.#target.append('events.ndjson', this.#pending);
    this.#pending = '';
  }
}

export const ocsfExporter: Exporter = {
  id: 'ocsf',
  summary: 'OCSF events, one per line, for a SIEM',
  wants: { blobs: false, events: true },
  streams: true,
  open: (target) => new OcsfWriter(target),
};
