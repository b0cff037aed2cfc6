// Events as they were sealed, one JSON object per line, for tools. Must never change a line.
import type { Exporter, ExportHeader, ExportTarget } from './exporter.ts';
import { Provenance } from './provenance.ts';
import { NOT_PROOF, writeReadme } from './readme.ts';

const ABOUT = `## What is here

\`events.jsonl\`: every event of the chosen sessions as it was sealed, one canonical JSON object per line. \`seq\` counts from 0 in each session;
the types and their members are in the evidence format, section 6.

\`provenance.jsonl\`: one line a session that has calls or exchanges with models: which exchange asked for which call, and what ran under it, joined from those
events. Nothing in it was signed; anybody can join again.

${NOT_PROOF}`;

async function writeProvenance(target: ExportTarget, provenance: Provenance): Promise<void> {
  for (const session of provenance.ids) {
    const told = provenance.of(session);
    if (told.calls.length > 0 || told.direct.length > 0)
      await target.append('provenance.jsonl', `${JSON.stringify({ session, ...told })}\n`);
  }
}

export const jsonlExporter: Exporter = {
  id: 'jsonl',
  summary: 'one event per line, as sealed',
  wants: { blobs: false, events: true },
  streams: true,
  open(target) {
    let pending = '';
    let about: ExportHeader | undefined;
    let sessions = 0;
    const provenance = new Provenance();
    let session = '';
    const flush = async () => {
      if (pending !== '') await target.append('events.jsonl', pending);
      pending = '';
    };
    return {
      async header(header) {
        about = header;
      },
      async statement({ chosen, predicate }) {
        if (!chosen || predicate.kind !== 'session') return;
        sessions += 1;
        session = predicate.session?.id ?? '';
        provenance.session(session, `${predicate.identity.iss}|${predicate.identity.sub}`);
      },
      blob: async () => undefined,
      async event({ line, value }) {
        if (target.folder) provenance.event(session, value);
        pending += `${line}\n`;
        if (pending.length > 1 << 20) await flush();
      },
      async footer(footer) {
        await flush();
        if (target.folder) await writeProvenance(target, provenance);
        await writeReadme(target, about, footer, { sessions, about: ABOUT });
      },
    };
  },
};
