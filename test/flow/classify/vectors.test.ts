// The statement vectors: text → what it does. UPDATE_GOLDEN=1 writes them anew, to be read as prose before they are kept.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ClassifyEnvironment, classify, loadGrammar } from '../../../src/flow/classify/index.ts';
import type { StatementUnit } from '../../../src/model/classification.ts';
import { fixtureCatalogue } from './catalogue.ts';

const folder = new URL('../../vectors/statements/', import.meta.url);
const update = process.env['UPDATE_GOLDEN'] === '1';

interface Unit {
  readonly node: string;
  readonly title: string;
  /** `action`, or `action Type name` where it is not the connection. */
  readonly actions: readonly string[];
  readonly [field: string]: unknown;
}

interface Case {
  readonly sql: string;
  /** The search path may have changed. */
  readonly uncertain?: boolean;
  readonly units?: readonly Unit[];
  readonly unresolved?: boolean;
}

interface File {
  readonly about: string;
  readonly cases: readonly Case[];
}

const files = readdirSync(folder).filter((name) => name.endsWith('.json') && name !== 'catalogue.json');
const catalogue = fixtureCatalogue();

/** Names the vectors may refer to: prepared statements and one open cursor. */
const KNOWN: Readonly<Record<string, string>> = {
  known: 'select card from customers',
  writer: 'delete from orders',
  mover: "select set_config('search_path', 'audit', false)",
};

function environment(uncertain: boolean): ClassifyEnvironment {
  const none = { statement: () => undefined, portal: () => undefined };
  const base = { connection: 'db', catalogue, searchPathUncertain: uncertain };
  const unitOf = (sql: string): StatementUnit | undefined => classify(sql, { ...base, names: none }).units[0];
  return {
    ...base,
    names: {
      statement: (name) => (KNOWN[name] === undefined ? undefined : unitOf(KNOWN[name])),
      portal: (name) =>
        name === 'open_cursor' ? unitOf('select email from customers where id = 1') : undefined,
    },
  };
}

function toUnit(unit: StatementUnit): Unit {
  const named = (list: readonly string[], field: string) => (list.length > 0 ? { [field]: list } : {});
  return {
    node: unit.node,
    title: unit.title,
    actions: unit.actions
      .map(({ action, resource: { type, id } }) =>
        type === 'Connection' ? action : `${action} ${type} ${id.replace('db/', '')}`,
      )
      .sort(),
    ...named(unit.tables, 'tables'),
    ...named(unit.columns.map(({ column, role }) => `${column} ${role}`).sort(), 'columns'),
    ...named(unit.functions, 'functions'),
    ...(unit.hasWhere ? { hasWhere: true } : {}),
    ...(unit.changesCatalogue ? { changesCatalogue: true } : {}),
    ...(unit.copy ? { copy: unit.copy } : {}),
    ...(unit.effect
      ? { effect: 'name' in unit.effect ? `${unit.effect.kind} ${unit.effect.name}` : unit.effect.kind }
      : {}),
    ...(unit.answers ? { answers: unit.answers.title } : {}),
  };
}

function toCase({ sql, uncertain }: Case): Case {
  const { units, unresolved } = classify(sql, environment(uncertain === true));
  return {
    sql,
    ...(uncertain ? { uncertain } : {}),
    units: units.map(toUnit),
    ...(unresolved ? { unresolved } : {}),
  };
}

beforeAll(loadGrammar);

describe.each(files)('%s', (name) => {
  const path = new URL(name, folder);
  const file = JSON.parse(readFileSync(path, 'utf8')) as File;
  if (update)
    it('is written anew', () => {
      const cases = file.cases.map(toCase).map((one) => `  ${JSON.stringify(one)}`);
      writeFileSync(
        path,
        `{\n "about": ${JSON.stringify(file.about)},\n "cases": [\n${cases.join(',\n')}\n ]\n}\n`,
      );
    });
  else
    it.each(file.cases.map((one) => [one.sql, one] as const))('%s', (_sql, one) => {
      expect(toCase(one)).toEqual(one);
    });
});
