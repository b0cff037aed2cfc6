// Which events an export holds back. Pure; must never let pass what was asked to stay.
import { BrokerError } from '../../model/errors.ts';
import type { EventType } from '../../model/event.ts';
import type { CommandContext } from '../command.ts';

const TYPES: Readonly<Record<EventType, true>> = {
  'session.open': true,
  'session.close': true,
  'client.connect': true,
  'client.refused': true,
  'client.disconnect': true,
  statement: true,
  answer: true,
  claim: true,
  cancel: true,
  notice: true,
  'model.exchange': true,
  warning: true,
  credential: true,
  'approval.request': true,
  'approval.notify': true,
  'approval.decision': true,
  'approval.use': true,
  'approval.end': true,
  coverage: true,
};

/** Of which requests for approval repeat what stands in the event. */
const TOLD_BY_REQUESTS = /^(statement|approval\.)/;

export interface Withheld {
  readonly types: ReadonlySet<string>;
  /** In lower case, as it is spelled in a line. */
  readonly text: string | undefined;
}

function spelled(text: string): string {
  return JSON.stringify(text).slice(1, -1).toLowerCase();
}

/** Undefined when everything is handed over. */
export function withheldOf({ options }: CommandContext): Withheld | undefined {
  const { withhold, withholdText } = options;
  const types = typeof withhold === 'string' ? withhold.split(',').map((type) => type.trim()) : [];
  const unknown = types.find((type) => !Object.hasOwn(TYPES, type));
  if (unknown !== undefined)
    throw new BrokerError('usage', {
      reason: `--withhold ${unknown}: there are no such events; there are ${Object.keys(TYPES).join(', ')}`,
      command: 'export',
    });
  if (withholdText === '')
    throw new BrokerError('usage', { reason: '--withhold-text needs a text', command: 'export' });
  const text = typeof withholdText === 'string' ? spelled(withholdText) : undefined;
  return types.length === 0 && text === undefined ? undefined : { types: new Set(types), text };
}

/** For those who read the export: never the text itself. */
export function typedWithheld({ options }: CommandContext): Record<string, string> {
  const { withhold, withholdText } = options;
  return {
    ...(typeof withhold === 'string' ? { withhold } : {}),
    ...(typeof withholdText === 'string' ? { 'withhold-text': '(not told)' } : {}),
  };
}

export function isWithheld({ types, text }: Withheld, line: string, type: unknown): boolean {
  if (typeof type !== 'string' || types.has(type)) return true;
  return text !== undefined && line.toLowerCase().includes(text);
}

/** Whether requests for approval would tell what is withheld. */
export function hidesRequests({ types, text }: Withheld): boolean {
  return text !== undefined || [...types].some((type) => TOLD_BY_REQUESTS.test(type));
}
