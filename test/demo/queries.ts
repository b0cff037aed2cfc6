// The statements of the demo: a plain look, two ways round the mask, and a blind write.

export interface Scene {
  readonly sql: string;
  readonly proves: string;
  /** True when the output shows what the step claims. */
  holds(output: string): boolean;
}

/** Any of the shop's cards or e-mail addresses in the clear. */
export const RAW =
  /\b(?:4111111111111111|5555555555554444|378282246310005|6011111111111117|4012888888881881|5105105105105100)\b|customer\d{4}@example\.com/;

export const SCENES: readonly Scene[] = [
  {
    sql: 'select id, name, email, card, city from customers order by id limit 4;',
    proves: 'cards and e-mails came back masked; the rest of the row is as it was',
    holds: (output) =>
      output.includes('Customer 0001') && output.includes('[payment-card]') && !RAW.test(output),
  },
  {
    sql: 'select card as harmless from customers order by id limit 2;',
    proves: 'another name for the column changes nothing: the mask follows the column, not its name',
    holds: (output) => output.includes('[payment-card]') && !RAW.test(output),
  },
  {
    sql: "select reverse(card) as r, left(card, 8) || '-' as l from customers order by id limit 2;",
    proves: 'nor does an expression: what is computed from a protected column is hidden whole',
    holds: (output) => !/\d{6}/.test(output.replace(/\(\d+ rows?\)/, '')),
  },
  {
    sql: 'delete from customers;',
    proves: 'refused before it reached the database, with the policy’s id and what to do instead',
    holds: (output) => output.includes('no-blind-writes') && /hint/i.test(output),
  },
];
