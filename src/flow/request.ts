// Puts one session's facts and one text's actions into the question that policy answers.
import type { ActionUse } from '../model/action.ts';
import type { Classification } from '../model/classification.ts';
import type { SessionFacts, TextContext } from '../model/event.ts';
import { owner } from '../model/principal.ts';
import type { SessionOrder } from '../model/session.ts';
import type { DecisionContext, DecisionRequest } from './decide/index.ts';

function textContext({ units, fingerprint }: Classification): DecisionContext {
  return {
    tables: [...new Set(units.flatMap((unit) => unit.tables))].sort(),
    columns: units.flatMap((unit) => unit.columns),
    functions: [...new Set(units.flatMap((unit) => unit.functions))].sort(),
    hasWhere: units.every((unit) => unit.hasWhere),
    statementCount: units.length,
    fingerprint,
  };
}

/** The same for the record: with masked names, and each column once. */
export function recordedContext(
  classification: Classification,
  scrub: (name: string) => string,
): Omit<TextContext, 'masked'> {
  const { tables = [], columns = [], functions = [], hasWhere = false } = textContext(classification);
  const uses = new Map(
    columns.map(({ column, role }) => [`${role} ${column}`, { column: scrub(column), role }]),
  );
  return {
    columns: [...uses.values()],
    functions: functions.map(scrub),
    hasWhere,
    statementCount: classification.units.length,
    tables: tables.map(scrub),
  };
}

/** What a session's own line says, so that its statements can be decided again. */
export function sessionFacts({ principal, connection }: SessionOrder): SessionFacts {
  const person = owner(principal);
  const bot = principal.kind === 'bot' ? principal.bot : undefined;
  return {
    groups: person.groups,
    labels: connection.labels,
    columns: connection.masking.columns,
    ...(bot
      ? {
          bot: {
            groups: bot.groups,
            ...(bot.client === undefined ? {} : { client: bot.client }),
            models: bot.models.map(({ model }) => model),
          },
        }
      : {}),
  };
}

/** Circumstances that hold for the whole session. */
function sessionContext(order: SessionOrder): DecisionContext {
  const models = order.principal.kind === 'bot' ? order.principal.bot.models.map((claim) => claim.model) : [];
  const { client, reason, grants } = order;
  return { client, models, ...(reason ? { reason } : {}), ...(grants ? { grants } : {}) };
}

/** Circumstances of the moment, which change from one execution to the next. */
export interface Moment {
  readonly time: number;
  readonly inTransaction: boolean;
}

/** A text without statements does nothing, so whoever may be here may send it: it is asked about as `session:open`. */
export function decisionRequest(
  order: SessionOrder,
  actions: readonly ActionUse[],
  moment: Moment,
  classification?: Classification,
): DecisionRequest {
  const here: ActionUse = {
    action: 'session:open',
    resource: { type: 'Connection', id: order.connection.name },
  };
  return {
    principal: order.principal,
    connection: order.connection,
    actions: actions.length > 0 ? actions : [here],
    context: {
      ...sessionContext(order),
      ...(classification ? textContext(classification) : {}),
      ...moment,
    },
  };
}
