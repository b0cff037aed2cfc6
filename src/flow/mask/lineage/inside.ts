// What the names inside a whole tree can reach, for statements that are not resolved part by part. Finding too much is fine.
import type { CatalogueRelation } from '../../../model/catalogue.ts';
import { relationsOf } from './from.ts';
import { judgeCall } from './functions.ts';
import { CLEAN, derive, type Label } from './label.ts';
import type { Run } from './run.ts';
import { asList, asNames, asText, walk } from './tree.ts';

export const reachOf = (run: Run, relations: readonly CatalogueRelation[]): Label =>
  derive(relations.map((one) => run.met(run.facts.reach(one))));

/** What the functions and operators called in a tree reach, whatever they are given. */
export function functionsInside(run: Run, tree: unknown): Label {
  const labels: Label[] = [];
  walk(tree, ({ type, body }) => {
    if (type === 'FuncCall')
      labels.push(
        judgeCall(run.facts, asNames(body['funcname']), asList(body['args']), () => undefined).reach,
      );
    if (type === 'A_Expr')
      labels.push(
        run.facts.operatorReach(asNames(body['name']).at(-1) ?? '', body['lexpr'] === undefined) ?? CLEAN,
      );
  });
  return derive(labels);
}

/** Everything the relations, functions and types named in a tree can reach. */
export function reachInside(run: Run, tree: unknown): Label {
  const labels: Label[] = [];
  walk(tree, ({ type, body }) => {
    if (type === 'RangeVar') labels.push(reachOf(run, relationsOf(run, body)));
    if (type === 'FuncCall')
      labels.push(
        judgeCall(run.facts, asNames(body['funcname']), asList(body['args']), () => undefined).reach,
      );
    if (type === 'String') labels.push(userFunction(run, asText(body['sval']) ?? ''));
  });
  return derive(labels);
}

/** What a function that was not shipped with the server reaches, by its bare name. */
function userFunction(run: Run, name: string): Label {
  const functions = run.facts.catalogue.functionsByName.get(name) ?? [];
  return derive(functions.filter((one) => !one.builtin).map((one) => run.facts.functionReach(one)));
}
