// Keys of services that are known by a mark in their middle rather than by how they start. Facts from the vendors' documentation.
import { isAlphanumeric } from './characters.ts';
import type { AnchoredDetector, Hit } from './detector.ts';

interface Mark {
  readonly vendor: string;
  readonly mark: string;
  /** What stands right before the mark, and how far back it may begin. */
  readonly before: RegExp;
  readonly back: number;
  /** What stands right behind it. */
  readonly after: RegExp;
  readonly source: string;
}

const MARKS: readonly Mark[] = [
  {
    vendor: 'Telegram',
    mark: ':A',
    before: /(?<![0-9A-Za-z])(?:bot)?\d{8,10}$/,
    back: 16,
    after: /^[\w-]{34}(?![\w-])/,
    source: 'https://core.telegram.org/bots/api#authorizing-your-bot',
  },
  {
    vendor: 'Microsoft Entra ID',
    mark: 'Q~',
    before: /(?<![\w.~-])[A-Za-z0-9_~.]{3}\d$/,
    back: 6,
    after: /^[A-Za-z0-9_~.-]{31,34}(?![\w~-])/,
    source: 'https://learn.microsoft.com/entra/identity-platform/quickstart-register-app',
  },
  {
    vendor: 'Mailchimp',
    mark: '-us',
    before: /(?<![0-9A-Za-z])[0-9a-f]{32}$/,
    back: 34,
    after: /^\d{1,2}(?![0-9A-Za-z])/,
    source: 'https://mailchimp.com/developer/marketing/guides/quick-start/',
  },
  {
    vendor: 'HashiCorp Terraform',
    mark: '.atlasv1.',
    before: /(?<![0-9A-Za-z])[0-9A-Za-z]{14}$/,
    back: 16,
    after: /^[\w=-]{60,70}(?![\w=-])/,
    source: 'https://developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens',
  },
];

function around(text: string, at: number, row: Mark): Hit | undefined {
  const from = Math.max(0, at - row.back);
  const before = row.before.exec(text.slice(from, at));
  if (before === null) return undefined;
  const behind = at + row.mark.length;
  const after = row.after.exec(text.slice(behind, behind + 80));
  if (after === null) return undefined;
  const end = behind + after[0].length;
  return isAlphanumeric(text.charCodeAt(end)) ? undefined : { start: from + before.index, end };
}

export const innerKey: AnchoredDetector = {
  kind: 'anchored',
  type: 'cloud-key',
  summary: 'keys of services that are known by a mark in their middle',
  byDefault: true,
  rank: 89,
  anchors: MARKS.map((row) => row.mark),
  match(text, at) {
    for (const row of MARKS) {
      const hit = text.startsWith(row.mark, at) ? around(text, at, row) : undefined;
      if (hit) return hit;
    }
    return undefined;
  },
};
