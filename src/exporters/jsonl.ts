// Events as they were sealed, one JSON object per line, for tools. Must never change a line.
import type { Exporter } from './exporter.ts';

export const jsonlExporter: Exporter = {
  id: 'jsonl',
  summary: 'one event per line, as sealed',
  wants: { blobs: false, events: true },
  streams: true,
  open(target) {
    let pending = '';
    const flush = async () => {
      if (pending !== '') await target.append('events.jsonl', pending);
      pending = '';
    };
    return {
      header: async () => undefined,
      statement: async () => undefined,
      blob: async () => undefined,
      async event({ line }) {
        pending += `${line}\n`;
        if (pending.length > 1 << 20) await flush();
      },
      footer: flush,
    };
  },
};
