// The design's rules as tests: who may import whom, no cycles, small files and functions, effects only at the edge.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const SRC = new URL('../src', import.meta.url).pathname;

interface Source {
  /** Path below src/, e.g. `flow/mask/index.ts`. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  /** Value imports of our own files, as paths below src/. */
  readonly imports: readonly string[];
  /** What is loaded together with this file: our own files as paths below src/, packages by name. */
  readonly loads: readonly string[];
}

function valueImport(node: ts.ImportDeclaration): boolean {
  const clause = node.importClause;
  if (!clause) return true;
  if (clause.isTypeOnly) return false;
  if (clause.name || !clause.namedBindings || ts.isNamespaceImport(clause.namedBindings)) return true;
  return clause.namedBindings.elements.some((element) => !element.isTypeOnly);
}

function specifiers(tree: ts.SourceFile, lazy: boolean): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier) && valueImport(node))
      found.push(node.moduleSpecifier.text);
    if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier))
      if (!node.isTypeOnly) found.push(node.moduleSpecifier.text);
    if (lazy && ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [target] = node.arguments;
      if (target && ts.isStringLiteral(target)) found.push(target.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function read(path: string): Source {
  const text = readFileSync(join(SRC, path), 'utf8');
  const kind = path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, kind);
  const below = (name: string) =>
    name.startsWith('.') ? relative(SRC, resolve(join(SRC, dirname(path)), name)) : name;
  const imports = specifiers(tree, true)
    .filter((name) => name.startsWith('.'))
    .map(below);
  return { path, text, tree, imports, loads: specifiers(tree, false).map(below) };
}

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
  .map(read);

/** Folder → what it may import values from, longest prefix first where it matters. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  model: ['lib'],
  config: ['model', 'lib'],
  identity: ['model', 'lib'],
  credentials: ['model', 'lib'],
  detectors: ['model', 'lib'],
  exporters: ['model', 'lib'],
  stores: ['model', 'lib'],
  flow: ['model', 'lib', 'identity'],
  protocols: ['flow/pipeline', 'flow/conversation', 'flow/permit', 'flow/forward', 'model', 'lib'],
  agent: [
    'flow',
    'protocols',
    'identity',
    'credentials',
    'detectors',
    'exporters',
    'stores',
    'config',
    'model',
    'lib',
  ],
  front: ['agent/client', 'flow', 'protocols', 'identity', 'detectors', 'config', 'model', 'lib'],
  screens: ['model', 'lib'],
  commands: [
    'front',
    'agent',
    'flow/classify',
    'flow/decide',
    'flow/verify',
    // `mask test` shows what would be masked: docs/adr/0010.
    'flow/mask',
    'detectors',
    // `config check` asks every credential source about its settings: docs/adr/0011.
    'credentials',
    'identity',
    'exporters',
    'stores',
    'screens',
    'config',
    'model',
    'lib',
  ],
  'main.ts': ['commands', 'model', 'lib'],
};

/** Folders in which one entry never imports another: shelves and stages. */
const SIBLINGS = ['protocols', 'credentials', 'detectors', 'exporters', 'stores', 'flow', 'commands'];

/** The spine: files at flow's root see every stage. */
const isSpine = (path: string) => /^flow\/[^/]+\.ts$/.test(path);

const top = (path: string) => path.split('/')[0] ?? path;
const within = (path: string, folder: string) =>
  path === folder || path.startsWith(`${folder}/`) || path === `${folder}.ts`;

const violations = (check: (source: Source) => readonly string[]) => sources.flatMap(check);

describe('the import table', () => {
  it('is checked against imports that are really seen', () => {
    const spine = sources.find(({ path }) => path === 'flow/pipeline.ts');
    expect(spine?.imports).toEqual(expect.arrayContaining(['flow/classify/index.ts', 'flow/permit.ts']));
    expect(spine?.imports).not.toContain('flow/conversation.ts');
  });

  it('has a row for every folder', () => {
    expect(
      [...new Set(sources.map(({ path }) => top(path)))].filter((folder) => !MAY_IMPORT[folder]),
    ).toEqual([]);
  });

  it('is kept by every value import', () => {
    const broken = violations(({ path, imports }) =>
      imports
        .filter((target) => top(target) !== top(path))
        .filter((target) => !(MAY_IMPORT[top(path)] ?? []).some((folder) => within(target, folder)))
        .map((target) => `${path} imports ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('lets commands reach the agent only through its client, except the agent commands', () => {
    const broken = violations(({ path, imports }) =>
      path.startsWith('commands/') && !path.startsWith('commands/agent')
        ? imports
            .filter((target) => target.startsWith('agent/') && !/^agent\/(client|messages)/.test(target))
            .map((target) => `${path} imports ${target}`)
        : [],
    );
    expect(broken).toEqual([]);
  });

  it('keeps siblings apart', () => {
    const entry = (path: string) => path.split('/')[1]?.replace(/\.tsx?$/, '') ?? '';
    const shared = (path: string) => isSpine(path) || ['index', 'protocol', 'command'].includes(entry(path));
    const isFolder = (path: string) => path.split('/').length > 2;
    // What several verbs share, with no verb of its own.
    const common = (path: string) => /^commands\/(setup|render)\//.test(path);
    const broken = violations(({ path, imports }) => {
      const shelf = top(path);
      if (!SIBLINGS.includes(shelf) || shared(path) || !isFolder(path)) return [];
      return imports
        .filter((target) => top(target) === shelf && isFolder(target) && !common(target))
        .filter((target) => entry(target) !== entry(path))
        .map((target) => `${path} imports its sibling ${target}`);
    });
    expect(broken).toEqual([]);
  });

  it('has no cycle', () => {
    const graph = new Map(sources.map(({ path, imports }) => [path, imports]));
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (state.get(path) === 'done') return;
      if (state.get(path) === 'open') {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
        return;
      }
      state.set(path, 'open');
      for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
      state.set(path, 'done');
    };
    for (const path of graph.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });
});

describe('what a person waits for', () => {
  it('asking for help loads the command table and nothing that a command needs to run', () => {
    const loaded = new Set<string>();
    const visit = (path: string): void => {
      if (loaded.has(path)) return;
      loaded.add(path);
      for (const target of sources.find((source) => source.path === path)?.loads ?? []) visit(target);
    };
    visit('main.ts');
    // Listing the formats of `export` needs the names of its shelf, not its members.
    const light = (path: string) =>
      /^(main|commands\/[^/]+|model\/[^/]+|lib\/[^/]+|exporters\/index)\.ts$/.test(path);
    const cheap = (name: string) => /^node:(events|fs|fs\/promises|os|path|timers\/promises|tty)$/.test(name);
    expect([...loaded].filter((path) => !light(path) && !cheap(path) && path !== 'commander')).toEqual([]);
    expect(loaded.size).toBeGreaterThan(30);
  });
});

/** Files and functions over the limit, each with the reason it is better whole. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'model/errors.ts': 'one table with a row for every failure a person can meet',
};
const LONG_FUNCTIONS: Readonly<Record<string, string>> = {};

const lines = (text: string) => text.split('\n').length;

function longFunctions({ path, tree }: Source): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const length = lines(node.getText(tree));
      const name = 'name' in node && node.name ? (node.name as ts.Node).getText(tree) : 'anonymous';
      if (length > 60 && !LONG_FUNCTIONS[`${path}:${name}`])
        found.push(`${path}:${name} has ${length} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

describe('sizes', () => {
  it('keeps every file at 300 lines or fewer', () => {
    expect(
      violations(({ path, text }) =>
        lines(text) - 1 > 300 && !LONG_FILES[path] ? [`${path} has ${lines(text) - 1} lines`] : [],
      ),
    ).toEqual([]);
  });

  it('keeps every function at 60 lines or fewer', () => {
    expect(violations(longFunctions)).toEqual([]);
  });
});

/** Uses of a global member, e.g. `process.env`. */
function uses({ tree }: Source, object: string, member: string): boolean {
  let found = false;
  const visit = (node: ts.Node): void => {
    if (
      ts.isPropertyAccessExpression(node) &&
      node.name.text === member &&
      node.expression.getText(tree) === object
    )
      found = true;
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

const using = (object: string, member: string, allowed: (path: string) => boolean) =>
  sources.filter((source) => !allowed(source.path) && uses(source, object, member)).map(({ path }) => path);

describe('effects stay at the edge', () => {
  it('reads the environment only in main.ts and the two compose.ts', () => {
    expect(using('process', 'env', (path) => path === 'main.ts' || path.endsWith('/compose.ts'))).toEqual([]);
  });

  it('reads the time only in lib/clock.ts', () => {
    expect(using('Date', 'now', (path) => path === 'lib/clock.ts')).toEqual([]);
  });

  it('exits only in main.ts', () => {
    expect(using('process', 'exit', (path) => path === 'main.ts')).toEqual([]);
  });

  it('says in its first line what each file is for', () => {
    expect(sources.filter(({ text }) => !text.startsWith('// ')).map(({ path }) => path)).toEqual([]);
  });
});
