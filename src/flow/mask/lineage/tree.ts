// Reads libpg-query's JSON tree without trusting its shape: every accessor answers for any value. Must never throw.

export type Tree = { readonly [key: string]: unknown };

export interface TreeNode {
  /** Grammar node name, e.g. `ColumnRef`. */
  readonly type: string;
  readonly body: Tree;
}

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const asTree = (value: unknown): Tree => (isTree(value) ? value : {});

export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** A wrapped node `{Name: {…}}`; undefined for inlined structures, whose keys are lower case. */
export function asNode(value: unknown): TreeNode | undefined {
  if (!isTree(value)) return undefined;
  const keys = Object.keys(value);
  const type = keys[0];
  if (keys.length !== 1 || type === undefined || type.charCodeAt(0) < 65 || type.charCodeAt(0) > 90)
    return undefined;
  return { type, body: asTree(value[type]) };
}

/** The body of a wrapped node of the given type. */
export function asBody(value: unknown, type: string): Tree | undefined {
  const node = asNode(value);
  return node?.type === type ? node.body : undefined;
}

/** Text of a `String` node. Empty strings are printed without `sval`. */
export function asName(value: unknown): string | undefined {
  const body = asBody(value, 'String');
  return body === undefined ? undefined : (asText(body['sval']) ?? '');
}

/** A possibly qualified name as a list of its parts. */
export const asNames = (value: unknown): readonly string[] =>
  asList(value)
    .map(asName)
    .filter((name): name is string => name !== undefined);

/** Calls `visit` for every wrapped node inside, parents first. */
export function walk(value: unknown, visit: (node: TreeNode) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
    return;
  }
  if (!isTree(value)) return;
  const node = asNode(value);
  if (node) visit(node);
  for (const child of Object.values(node ? node.body : value)) walk(child, visit);
}

/** Statement tree of a unit: libpg-query's `{SelectStmt: …}`, or the same inside a raw statement. */
export function statementOf(tree: unknown): TreeNode | undefined {
  const node = asNode(tree);
  if (node?.type === 'RawStmt') return asNode(node.body['stmt']);
  return node ?? asNode(asTree(tree)['stmt']);
}
