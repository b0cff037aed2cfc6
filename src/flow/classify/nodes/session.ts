// Settings, transactions, locks and messages: what a session does to itself and to its neighbours.
import type { ActionId } from '../../../model/action.ts';
import type { Reading, StatementRow } from '../reading.ts';
import { changeSetting } from '../rules/settings.ts';
import { as, type Fields, fieldsOf, list, options, optionText, text } from '../tree.ts';

/** The value of SET as one text; undefined for DEFAULT and FROM CURRENT. */
function settingValue(fields: Fields): string | undefined {
  const values = list(fields['args']).map(optionText);
  return values.length > 0 && values.every((value) => value !== undefined) ? values.join(', ') : undefined;
}

/** SET TRANSACTION and SET SESSION CHARACTERISTICS are lists of settings. */
function readTransactionModes(reading: Reading, fields: Fields): void {
  reading.found.act('sql:set');
  for (const { name, value } of options(fields['args'])) {
    if (name === 'transaction_read_only') changeSetting(reading, name, value);
    else if (name === 'transaction_snapshot') reading.found.act('sql:set-meaning');
  }
}

/** Also the SET inside ALTER ROLE, ALTER DATABASE and ALTER SYSTEM. */
export function readSet(reading: Reading, fields: Fields): void {
  const kind = text(fields['kind']);
  const name = text(fields['name']);
  if (kind === 'VAR_RESET_ALL') {
    reading.found.act('sql:set');
    reading.found.effect = { kind: 'search-path' };
  } else if (kind === 'VAR_SET_MULTI') readTransactionModes(reading, fields);
  else changeSetting(reading, name, kind === 'VAR_SET_VALUE' ? settingValue(fields) : undefined);
}

export const set: StatementRow = (reading, fields) => {
  const name = text(fields['name']);
  reading.found.named(`${text(fields['kind']).startsWith('VAR_RESET') ? 'RESET' : 'SET'} ${name || 'ALL'}`);
  readSet(reading, fields);
  return undefined;
};

const TWO_PHASE = new Set([
  'TRANS_STMT_PREPARE',
  'TRANS_STMT_COMMIT_PREPARED',
  'TRANS_STMT_ROLLBACK_PREPARED',
]);
const TRANSACTIONS: Readonly<Record<string, string>> = {
  TRANS_STMT_BEGIN: 'BEGIN',
  TRANS_STMT_START: 'START TRANSACTION',
  TRANS_STMT_COMMIT: 'COMMIT',
  TRANS_STMT_ROLLBACK: 'ROLLBACK',
  TRANS_STMT_SAVEPOINT: 'SAVEPOINT',
  TRANS_STMT_RELEASE: 'RELEASE SAVEPOINT',
  TRANS_STMT_ROLLBACK_TO: 'ROLLBACK TO SAVEPOINT',
  TRANS_STMT_PREPARE: 'PREPARE TRANSACTION',
  TRANS_STMT_COMMIT_PREPARED: 'COMMIT PREPARED',
  TRANS_STMT_ROLLBACK_PREPARED: 'ROLLBACK PREPARED',
};

/** Two-phase commit outlives the session, and finishes what other sessions did. */
export const transaction: StatementRow = (reading, fields) => {
  const kind = text(fields['kind']);
  const title = TRANSACTIONS[kind];
  if (title === undefined) reading.found.unknown('a transaction statement that is not understood');
  else reading.found.named(title);
  reading.found.act(TWO_PHASE.has(kind) ? 'sql:two-phase' : 'sql:transaction');
  return undefined;
};

export const discard: StatementRow = (reading, fields) => {
  const target = text(fields['target']);
  reading.found.named(`DISCARD ${target.replace('DISCARD_', '')}`);
  reading.found.act('sql:set');
  reading.found.changesCatalogue = target === 'DISCARD_ALL' || target === 'DISCARD_TEMP';
  if (target === 'DISCARD_ALL') reading.found.effect = { kind: 'discard' };
  return undefined;
};

export const lock: StatementRow = (reading, fields) => {
  reading.found.named('LOCK TABLE');
  for (const node of list(fields['relations'])) {
    const { targets, known } = reading.names.rangeVar(as('RangeVar', node) ?? {});
    reading.found.unresolved ||= !known;
    for (const { name } of targets) reading.found.actOnTable('sql:lock', name);
  }
  return undefined;
};

/** A statement that does one thing to the connection, whatever it says. */
export const plain =
  (title: string, ...actions: readonly ActionId[]): StatementRow =>
  (reading) => {
    reading.found.named(title);
    for (const action of actions) reading.found.act(action);
    return undefined;
  };

/** DO runs a block in another language: what it does cannot be told. */
export const doBlock: StatementRow = (reading) => {
  reading.found.named('DO');
  reading.found.act('sql:do');
  reading.found.changesCatalogue = true;
  return undefined;
};

export const call: StatementRow = (reading, fields, scope) => {
  const name = list(fieldsOf(fields['funccall'])['funcname']).map((part) =>
    text(as('String', part)?.['sval']),
  );
  reading.found.named(`CALL ${name.join('.')}`);
  reading.found.act('sql:call');
  reading.found.changesCatalogue = true;
  reading.fields('FuncCall', fieldsOf(fields['funccall']), scope, 'output');
  return undefined;
};
