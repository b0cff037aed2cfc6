// Statements that make, use and drop names: prepared statements and cursors. A name that is not known is unknown.
import type { ActionUse } from '../../../model/action.ts';
import { ACTIONS } from '../../../model/action.ts';
import type { StatementUnit } from '../../../model/classification.ts';
import type { Reading, StatementRow } from '../reading.ts';
import { isOn, options, text } from '../tree.ts';

/** Both PREPARE and EXECUTE are judged as what is prepared. */
export const prepare: StatementRow = (reading, fields, scope) => {
  reading.walk(fields['argtypes'], scope, 'output');
  const inner = reading.unit(fields['query']);
  reading.found.named(`PREPARE of ${inner.title}`);
  reading.found.hasWhere = inner.hasWhere;
  reading.found.changesCatalogue = false;
  reading.found.effect = { kind: 'prepare', name: text(fields['name']), inner };
  return undefined;
};

/** What is known by a name is read again: the server, too, looks its tables up anew when the search path has changed. */
function adopt(reading: Reading, inner: StatementUnit): StatementUnit {
  const unit = inner.tree === undefined ? inner : reading.unit(inner.tree, true);
  reading.found.merge(unit);
  reading.found.hasWhere = unit.hasWhere;
  reading.found.changesCatalogue ||= unit.changesCatalogue;
  return unit;
}

export const execute: StatementRow = (reading, fields, scope) => {
  reading.walk(fields['params'], scope, 'output');
  const inner = reading.env.names.statement(text(fields['name']));
  if (!inner) {
    reading.found.unknown('EXECUTE of a statement that is not known');
    return undefined;
  }
  const unit = adopt(reading, inner);
  reading.found.named(`EXECUTE of ${unit.title}`);
  reading.found.answers = unit;
  if (unit.effect) reading.found.effect = unit.effect;
  return undefined;
};

export const deallocate: StatementRow = (reading, fields) => {
  reading.found.named('DEALLOCATE');
  reading.found.act('sql:cursor');
  const name = fields['isall'] === true ? 'all' : text(fields['name']);
  reading.found.effect = { kind: 'deallocate', name: name || 'all' };
  return undefined;
};

export const declare: StatementRow = (reading, fields) => {
  const inner = reading.unit(fields['query']);
  reading.found.named(`DECLARE CURSOR for ${inner.title}`);
  reading.found.act('sql:cursor');
  reading.found.hasWhere = inner.hasWhere;
  reading.found.effect = { kind: 'declare', name: text(fields['portalname']), inner };
  return undefined;
};

/** A cursor's query was settled when it was opened, so it is taken as it was judged then. */
export const fetch: StatementRow = (reading, fields) => {
  const word = fields['ismove'] === true ? 'MOVE' : 'FETCH';
  const inner = reading.env.names.portal(text(fields['portalname']));
  if (!inner) {
    reading.found.unknown(`${word} from a cursor that is not known`);
    return undefined;
  }
  reading.found.named(`${word} from ${inner.title}`);
  reading.found.act('sql:cursor');
  reading.found.merge(inner);
  reading.found.hasWhere = inner.hasWhere;
  if (word === 'FETCH') reading.found.answers = inner;
  return undefined;
};

export const close: StatementRow = (reading, fields) => {
  reading.found.named('CLOSE');
  reading.found.act('sql:cursor');
  reading.found.effect = { kind: 'close', name: text(fields['portalname']) || 'all' };
  return undefined;
};

/** What a statement would do counts, as a mere plan, as explaining; what planning itself may run counts as it is. */
function planned(use: ActionUse): ActionUse {
  const group = ACTIONS[use.action];
  const runs = group === 'read' || group === 'execute' || group === 'administer' || group === 'unknown';
  return runs ? use : { action: 'sql:explain', resource: use.resource };
}

export const explain: StatementRow = (reading, fields) => {
  const analyze = options(fields['options']).some((option) => option.name === 'analyze' && isOn(option));
  const inner = reading.unit(fields['query'], true);
  reading.found.named(`EXPLAIN ${analyze ? 'ANALYZE ' : ''}of ${inner.title}`);
  reading.found.act('sql:explain');
  reading.found.merge(inner, analyze ? inner.actions : inner.actions.map(planned));
  reading.found.hasWhere = inner.hasWhere;
  reading.found.changesCatalogue = analyze && inner.changesCatalogue;
  if (analyze && inner.effect?.kind === 'search-path') reading.found.effect = inner.effect;
  return undefined;
};
