// Requests as an agent would tell them, for tests of what people see.
import type { ApprovalRow, Asked } from '../../src/model/approval.ts';

export const NOW = Date.parse('2026-03-01T12:00:00Z');

export function asked(more: Partial<Asked> = {}): Asked {
  return {
    purpose: 'statement',
    connection: 'prod-db',
    session: '1jbx2k00aa',
    statement: 3,
    text: 'DROP TABLE public.orders',
    exact: true,
    titles: ['DROP TABLE public.orders'],
    actions: [{ action: 'sql:drop', resource: { type: 'Table', id: 'prod-db/public.orders' } }],
    tables: ['public.orders'],
    inTransaction: true,
    client: 'connect',
    application: 'psql',
    policies: ['drops-ask'],
    policyDigest: 'c'.repeat(64),
    reason: 'dropping a table loses data',
    quorum: 1,
    ...more,
  };
}

export function requested(more: Partial<ApprovalRow> = {}): ApprovalRow {
  return {
    id: '1jbx2kqqqq',
    state: 'pending',
    asked: '2026-03-01T11:59:00.000000Z',
    expires: '2026-03-01T12:14:00.000000Z',
    requester: {
      iss: 'https://id.example.com',
      sub: 'alice',
      name: 'Alice Example',
      email: 'alice@example.com',
    },
    what: asked(),
    digest: 'd'.repeat(64),
    genuine: true,
    own: false,
    decisions: [],
    rejected: [],
    ...more,
  };
}

/** The same, asked a minute ago by this machine's clock. */
export function soon(more: Partial<ApprovalRow> = {}): ApprovalRow {
  const time = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString();
  return requested({ asked: time(-60_000), expires: time(840_000), ...more });
}

/** Everything a text can try against whoever reads it on a terminal; the last line is the one to hide. */
export function hostile(): string {
  const tricks = [
    'SELECT 1; -- \u001b[2J\u001b[H\u001b]52;c;ZXZpbA==\u0007 clears and writes the clipboard',
    'DROP TABLE audit;\rSELECT 1;                ',
    "SELECT '\u202etxet desrever\u202c', '\u2066x\u2069';",
    'SELECT o\u200br\u200dders, pay\u00adments\ufeff, "\u05d0\u05d1\u05d2" || 123;',
    '\t\tSELECT\t1;',
    `-- ${'x'.repeat(10_000)} end of the long line`,
    '  12 │ SELECT 1; -- not a line number of ours',
    ' a approve  d deny  r revoke  q quit',
    '\u001b[?1049l\u001b[8m hidden \u009b31m \u0090 \u2028 \u{e0041}',
    `-- z\u0310\u0301\u0302${'\u0303'.repeat(30)}algo`,
    '-- 東京 👍🏽 \u{1f1e9}\u{1f1ea} \u3164 \u2800',
  ];
  const filler = Array.from({ length: 288 }, (_, index) => `-- line ${index}`);
  return [...tricks, ...filler, 'DROP TABLE payroll;'].join('\n');
}
