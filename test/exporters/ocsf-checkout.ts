// Reads what the OCSF schema says out of a checkout of its repository (BROKER_OCSF_SCHEMA). Takes names, types and numbers, no prose.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attribute, OcsfFacts, Scalar, Shape } from './ocsf-schema.ts';

interface Written {
  readonly type?: string;
  readonly is_array?: boolean;
  readonly requirement?: string;
  readonly enum?: Readonly<Record<string, unknown>>;
}
interface Definition {
  readonly name: string;
  readonly extends?: string;
  readonly category?: string;
  readonly uid?: number;
  readonly attributes: Readonly<Record<string, Written>> & { readonly $include?: readonly string[] };
  readonly constraints?: { readonly at_least_one?: readonly string[]; readonly just_one?: readonly string[] };
}
type All = ReadonlyMap<string, Definition>;

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

function definitions(folder: string, found = new Map<string, Definition>()): Map<string, Definition> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) definitions(path, found);
    else if (entry.name.endsWith('.json')) {
      const definition = json(path) as Definition;
      if (definition.name) found.set(definition.name, definition);
    }
  }
  return found;
}

/** Own and inherited attributes; those of a profile only when it is applied. */
function attributesOf(
  root: string,
  of: Definition,
  all: All,
  profiles: readonly string[],
): Record<string, Written> {
  const parent = of.extends ? all.get(of.extends) : undefined;
  const result: Record<string, Written> = parent ? attributesOf(root, parent, all, profiles) : {};
  const { $include = [], ...own } = of.attributes;
  for (const include of $include) {
    const path = join(root, include);
    if (!existsSync(path)) continue;
    const part = json(path) as { name?: string; meta?: string; attributes: Record<string, Written> };
    if (part.meta === 'profile' && !profiles.includes(part.name ?? '')) continue;
    Object.assign(result, part.attributes);
  }
  for (const [name, attribute] of Object.entries(own)) {
    const before = result[name];
    const choices = before?.enum || attribute.enum ? { enum: { ...before?.enum, ...attribute.enum } } : {};
    result[name] = { ...before, ...attribute, ...choices };
  }
  return result;
}

function inherited<T>(of: Definition, all: All, take: (each: Definition) => T | undefined): T | undefined {
  const own = take(of);
  const parent = of.extends ? all.get(of.extends) : undefined;
  return own ?? (parent ? inherited(parent, all, take) : undefined);
}

/** Everything the checkout says, for these profiles. */
export function checkoutFacts(root: string, profiles: readonly string[]): OcsfFacts {
  const { attributes: dictionary, types } = json(join(root, 'dictionary.json'));
  const categories = json(join(root, 'categories.json')).attributes as Record<string, { uid: number }>;
  const shape = (of: Definition, all: All): Shape => ({
    attributes: Object.fromEntries(
      Object.entries(attributesOf(root, of, all, profiles)).map(([name, own]): [string, Attribute] => {
        const choices = Object.keys({ ...dictionary[name]?.enum, ...own.enum });
        const { type, is_array, requirement } = { ...dictionary[name], ...own } as Written;
        return [
          name,
          {
            type: type ?? 'string_t',
            ...(is_array ? { list: true } : {}),
            ...(requirement === 'required' ? { required: true } : {}),
            ...(choices.length > 0 ? { one_of: choices } : {}),
          },
        ];
      }),
    ),
    ...inherited(of, all, ({ constraints }) => constraints),
  });
  const objects = definitions(join(root, 'objects'));
  const events = definitions(join(root, 'events'));
  const numbered = [...events.values()].flatMap((each) => {
    const category = categories[inherited(each, events, (one) => one.category) ?? '']?.uid;
    return each.uid === undefined || category === undefined
      ? []
      : [[`${category * 1000 + each.uid}`, shape(each, events)] as const];
  });
  const scalars = Object.entries(types.attributes as Record<string, Scalar & { type?: string }>);
  return {
    version: json(join(root, 'version.json')).version,
    profiles,
    classes: Object.fromEntries(numbered),
    objects: Object.fromEntries([...objects].map(([name, each]) => [name, shape(each, objects)])),
    types: Object.fromEntries(
      scalars.map(([name, { type: base = name, regex, range, max_len }]) => [
        name,
        { base, ...(regex ? { regex } : {}), ...(range ? { range } : {}), ...(max_len ? { max_len } : {}) },
      ]),
    ),
  };
}

/** What of it events were judged by. */
export function only(
  facts: OcsfFacts,
  used: {
    readonly classes: ReadonlySet<string>;
    readonly objects: ReadonlySet<string>;
    readonly types: ReadonlySet<string>;
  },
): OcsfFacts {
  const keep = <T>(all: Readonly<Record<string, T>>, names: ReadonlySet<string>) =>
    Object.fromEntries(
      Object.entries(all)
        .filter(([name]) => names.has(name))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  const { version, profiles } = facts;
  return {
    version,
    profiles,
    classes: keep(facts.classes, used.classes),
    objects: keep(facts.objects, used.objects),
    types: keep(facts.types, used.types),
  };
}
