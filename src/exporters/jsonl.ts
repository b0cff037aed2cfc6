// Events as they were sealed, one JSON object per line, for tools. Must never change a line.
import type { Exporter, ExportHeader } from './exporter.ts';
import { NOT_PROOF, writeReadme } from './readme.ts';

const ABOUT = `## What is here

\`events.jsonl\`: every event of the chosen sessions as it was sealed, one canonical JSON object per line. \`seq\` counts from 0 in each session;
the types and their members are in the evidence format, section 6.

${NOT_PROOF}`;

export const jsonlExporter: Exporter = {
  id: 'jsonl',
  summary: 'one event per line, as sealed',
  wants: { blobs: false, events: true },
  streams: true,
  open(target) {
    let pending = '';
    let about: ExportHeader | undefined;
    let sessions = 0;
    const flush = async () => {
      if (pending !== '') await target.append('events.jsonl', pending);
      pending = '';
    };
    return {
      async header(header) {
        about = header;
      },
      async statement({ chosen, predicate }) {
        if (chosen && predicate.kind === 'session') sessions += 1;
      },
      blob: async () => undefined,
      async event({ line }) {
        pending += `${line}\n`;
        if (pending.length > 1 << 20) await flush();
      },
      async footer(footer) {
        await flush();
        await writeReadme(target, about, footer, { sessions, about: ABOUT });
      },
    };
  },
};
