// From a unit's parse tree to its plan: ties the resolver's parts together. Never throws; what fails is unknown.
import type { Catalogue } from '../../../model/catalogue.ts';
import type { StatementUnit } from '../../../model/classification.ts';
import type { PlanOptions, ProtectedColumn, UnitPlan } from '../types.ts';
import type { Effect, Leftovers } from './effects.ts';
import { resolveExpression } from './expression.ts';
import { Facts, type ViewReader } from './facts.ts';
import { derive, isClean, type Shape, shapeLabel, toLineage, UNKNOWN, UNKNOWN_SHAPE } from './label.ts';
import { type Parts, Run } from './run.ts';
import { EMPTY_SCOPE } from './scope.ts';
import { resolveSelect } from './select.ts';
import { followTags, type Pins } from './tags.ts';
import {
  asBody,
  asList,
  asNode,
  asText,
  asTree,
  statementOf,
  type Tree,
  type TreeNode,
  walk,
} from './tree.ts';
import { resolveUtility } from './utility.ts';
import { copiedColumns, isWriter, resolveWriter } from './write.ts';

const PARTS: Parts = {
  select: resolveSelect,
  statement: (run, node, outer, ctes) =>
    node.type === 'SelectStmt'
      ? resolveSelect(run, node.body, outer, ctes)
      : resolveWriter(run, node.type, node.body, outer, ctes),
  expression: resolveExpression,
};

export type Parse = (sql: string) => unknown;

/** SELECT … INTO stands on the leftmost branch of a set operation. */
function storesInto(body: Tree): boolean {
  for (let at = body; ; at = asTree(at['larg'])) {
    if (at['intoClause'] !== undefined) return true;
    if (at['larg'] === undefined) return false;
  }
}

function copy(run: Run, body: Tree): Shape {
  const query = asNode(body['query']);
  const shape = query ? resolveNode(run, query) : copiedColumns(run, body);
  const from = body['is_from'] === true;
  if (body['whereClause'] !== undefined)
    run.parts.expression(run, body['whereClause'], { ...EMPTY_SCOPE, visible: [shape] });
  if (from) return { columns: [] };
  // To a file or a program of the server instead of the client.
  if (body['is_program'] !== true && body['filename'] === undefined) return shape;
  run.leaves(shapeLabel(shape));
  return { columns: [] };
}

function resolveNode(run: Run, node: TreeNode): Shape {
  run.step();
  if (node.type === 'CopyStmt') return copy(run, node.body);
  if (node.type === 'SelectStmt') {
    const { shape } = resolveSelect(run, node.body, undefined, undefined);
    if (!storesInto(node.body)) return shape;
    run.leaves(shapeLabel(shape));
    return { columns: [] };
  }
  if (isWriter(node.type)) return resolveWriter(run, node.type, node.body, undefined, undefined).shape;
  if (node.type === 'ExecuteStmt' || node.type === 'FetchStmt') {
    run.met(UNKNOWN);
    return UNKNOWN_SHAPE;
  }
  return resolveUtility(run, node, resolveNode);
}

/** Names the statement uses: identifiers, not literals. */
function namesIn(tree: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  walk(tree, ({ type, body }) => {
    if (type === 'A_Const') return;
    for (const key of [
      'sval',
      'relname',
      'schemaname',
      'name',
      'aliasname',
      'ctename',
      'colname',
      'subname',
      'portalname',
    ])
      found.add(asText(body[key]) ?? '');
  });
  return found;
}

function knowing(facts: Facts, tree: unknown): (name: string) => boolean {
  let names: ReadonlySet<string> | undefined;
  return (name) => {
    try {
      names ??= namesIn(tree);
    } catch {
      // Too deep to walk: then it knows no names.
      names = new Set();
    }
    return names.has(name) || facts.hasName(name);
  };
}

function toPlan(run: Run, shape: Shape, tree: unknown): UnitPlan {
  const labels = [...shape.columns.map((column) => column.value.label), ...(shape.rest ? [shape.rest] : [])];
  return {
    outputs: shape.rest
      ? undefined
      : shape.columns.map((column) => ({
          name: column.name,
          lineage: toLineage(column.value.label),
          typeOid: column.value.typeOid,
          called: column.value.called,
        })),
    rest: shape.rest ? toLineage(derive(labels)) : { kind: 'unknown' },
    reaches: run.reaches || run.sideways.size > 0 || labels.some((label) => !isClean(label)),
    unknown: labels.some((label) => label.unknown),
    effects: run.effects,
    sideways: [...run.sideways].sort(),
    knows: knowing(run.facts, tree),
  };
}

/** Plans units against catalogue snapshots; keeps what it worked out about the latest snapshot. */
export class Resolver {
  readonly #columns: readonly ProtectedColumn[];
  readonly #parse: Parse | undefined;
  readonly #pins: Pins = new Map();
  #facts: Facts | undefined;
  #leftovers: Leftovers | undefined;

  constructor(columns: readonly ProtectedColumn[], parse: Parse | undefined) {
    this.#columns = columns;
    this.#parse = parse;
  }

  facts(catalogue: Catalogue): Facts {
    if (this.#facts?.catalogue !== catalogue) {
      const tags = followTags(catalogue, this.#columns, this.#pins);
      this.#facts = new Facts(catalogue, this.#columns, tags, this.#readView, this.#leftovers);
    }
    return this.#facts;
  }

  /** Code that can read protected values is let run. True when what was planned before does not hold any more. */
  ran(effects: ReadonlySet<Effect>): boolean {
    const before = this.#leftovers?.effects ?? new Set<Effect>();
    if ([...effects].every((effect) => before.has(effect))) return false;
    this.#leftovers = {
      effects: new Set([...before, ...effects]),
      before: this.#leftovers?.before ?? new Set(this.#facts?.catalogue.relations.keys()),
    };
    this.#facts = undefined;
    return true;
  }

  /** Whether code that ran may have left protected values there. */
  keeps(effect: Effect): boolean {
    return this.#leftovers?.effects.has(effect) ?? false;
  }

  plan(unit: StatementUnit, catalogue: Catalogue, options: PlanOptions = {}): UnitPlan {
    try {
      const plan = this.#resolve(unit, catalogue);
      return options.uncertain
        ? { ...plan, outputs: undefined, rest: { kind: 'unknown' }, reaches: true, unknown: true }
        : plan;
    } catch {
      return this.#lost();
    }
  }

  #resolve(unit: StatementUnit, catalogue: Catalogue): UnitPlan {
    const node = statementOf(unit.tree);
    if (!node) return this.#lost();
    const run = new Run(this.facts(catalogue), PARTS);
    if (!unit.answers) return toPlan(run, resolveNode(run, node), unit.tree);
    const plan = this.#resolve(unit.answers, catalogue);
    // Parameters of EXECUTE are expressions, whose values the prepared statement's own tree does not show.
    const given = derive(
      asList(node.body['params']).map((value) => resolveExpression(run, value, EMPTY_SCOPE).label),
    );
    return isClean(given)
      ? plan
      : { ...plan, outputs: undefined, rest: { kind: 'unknown' }, reaches: true, unknown: true };
  }

  /** Nothing is known of the unit: everything it may touch is protected. */
  #lost(): UnitPlan {
    const some = this.#columns.length > 0;
    return {
      outputs: undefined,
      rest: { kind: some ? 'unknown' : 'clean' },
      reaches: some,
      unknown: some,
      effects: new Set(),
      sideways: this.#columns.map((column) => column.name).sort(),
      knows: () => false,
    };
  }

  readonly #readView: ViewReader = (facts, definition) => {
    if (!this.#parse) return undefined;
    try {
      const [statement] = asList(asTree(this.#parse(definition))['stmts']);
      const body = asBody(asTree(statement)['stmt'], 'SelectStmt');
      return body && resolveSelect(new Run(facts, PARTS), body, undefined, undefined).shape;
    } catch {
      return undefined;
    }
  };
}
