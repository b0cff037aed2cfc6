// Judges events by the published OCSF schema, read from a checkout of its repository (BROKER_OCSF_SCHEMA). Knows nothing of broker.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Attribute {
  readonly type?: string;
  readonly is_array?: boolean;
  readonly requirement?: string;
  readonly enum?: Readonly<Record<string, unknown>>;
  readonly profile?: string | null;
}
interface Definition {
  readonly name: string;
  readonly extends?: string;
  readonly category?: string;
  readonly uid?: number;
  readonly attributes: Readonly<Record<string, Attribute>> & { readonly $include?: readonly string[] };
  readonly constraints?: { readonly at_least_one?: readonly string[]; readonly just_one?: readonly string[] };
}
type Type = {
  readonly type?: string;
  readonly regex?: string;
  readonly range?: readonly [number, number];
  readonly max_len?: number;
};

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

function definitions(root: string): Map<string, Definition> {
  const found = new Map<string, Definition>();
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.name.endsWith('.json')) {
        const definition = json(path) as Definition;
        if (definition.name) found.set(definition.name, definition);
      }
    }
  };
  visit(root);
  return found;
}

export class OcsfSchema {
  readonly version: string;
  readonly #root: string;
  readonly #objects: Map<string, Definition>;
  readonly #events: Map<string, Definition>;
  readonly #dictionary: Readonly<Record<string, Attribute>>;
  readonly #types: Readonly<Record<string, Type>>;
  readonly #categories: Readonly<Record<string, { uid: number }>>;

  constructor(root: string) {
    this.#root = root;
    this.version = json(join(root, 'version.json')).version;
    this.#objects = definitions(join(root, 'objects'));
    this.#events = definitions(join(root, 'events'));
    const dictionary = json(join(root, 'dictionary.json'));
    this.#dictionary = dictionary.attributes;
    this.#types = dictionary.types.attributes;
    this.#categories = json(join(root, 'categories.json')).attributes;
  }

  /** Own and inherited attributes; those of a profile only when it is applied. */
  #attributes(
    definition: Definition,
    all: Map<string, Definition>,
    profiles: readonly string[],
  ): Record<string, Attribute> {
    const parent = definition.extends ? all.get(definition.extends) : undefined;
    const result: Record<string, Attribute> = parent ? this.#attributes(parent, all, profiles) : {};
    const { $include = [], ...own } = definition.attributes;
    for (const include of $include) {
      const path = join(this.#root, include);
      if (!existsSync(path)) continue;
      const part = json(path) as { name?: string; meta?: string; attributes: Record<string, Attribute> };
      if (part.meta === 'profile' && !profiles.includes(part.name ?? '')) continue;
      Object.assign(result, part.attributes);
    }
    for (const [name, attribute] of Object.entries(own)) {
      const before = result[name];
      result[name] = {
        ...before,
        ...attribute,
        ...(before?.enum || attribute.enum ? { enum: { ...before?.enum, ...attribute.enum } } : {}),
      };
    }
    return result;
  }

  #constraints(definition: Definition, all: Map<string, Definition>): Definition['constraints'] {
    return (
      definition.constraints ??
      (definition.extends ? this.#constraints(all.get(definition.extends) as Definition, all) : undefined)
    );
  }

  problems(event: Record<string, unknown>): string[] {
    const uid = Number(event['class_uid']);
    const definition = [...this.#events.values()].find((each) => {
      const category = this.#categories[this.#category(each)]?.uid ?? 0;
      return each.uid !== undefined && category * 1000 + each.uid === uid;
    });
    if (!definition) return [`no class ${uid}`];
    const problems: string[] = [];
    const metadata = event['metadata'] as { profiles?: string[]; version?: string };
    if (metadata?.version !== this.version)
      problems.push(`metadata.version is ${metadata?.version}, not ${this.version}`);
    if (event['type_uid'] !== uid * 100 + Number(event['activity_id'])) problems.push('type_uid');
    if (event['category_uid'] !== Math.floor(uid / 1000)) problems.push('category_uid');
    this.#object(event, definition, this.#events, metadata?.profiles ?? [], '', problems);
    return problems;
  }

  #category(definition: Definition): string {
    return (
      definition.category ??
      (definition.extends ? this.#category(this.#events.get(definition.extends) as Definition) : '')
    );
  }

  #object(
    value: Record<string, unknown>,
    definition: Definition,
    all: Map<string, Definition>,
    profiles: readonly string[],
    path: string,
    problems: string[],
  ): void {
    const attributes = this.#attributes(definition, all, profiles);
    for (const [name, attribute] of Object.entries(attributes))
      if (attribute.requirement === 'required' && value[name] === undefined)
        problems.push(`${path}${name} is required`);
    const { at_least_one, just_one } = this.#constraints(definition, all) ?? {};
    if (at_least_one && !at_least_one.some((name) => value[name] !== undefined))
      problems.push(`${path}: one of ${at_least_one.join(', ')} is required`);
    if (just_one && just_one.filter((name) => value[name] !== undefined).length !== 1)
      problems.push(`${path}: exactly one of ${just_one.join(', ')}`);
    for (const [name, member] of Object.entries(value)) {
      const attribute = attributes[name];
      if (!attribute) {
        problems.push(`${path}${name} is unknown`);
        continue;
      }
      // The base event's placeholders: what they have to be was checked above.
      if (path === '' && /^(class|category)_uid$/.test(name)) continue;
      const merged = {
        ...this.#dictionary[name],
        ...attribute,
        enum: { ...this.#dictionary[name]?.enum, ...attribute.enum },
      };
      const list = merged.is_array ? (member as unknown[]) : [member];
      if (merged.is_array && !Array.isArray(member)) problems.push(`${path}${name} has to be a list`);
      else for (const each of list) this.#value(each, merged, profiles, `${path}${name}`, problems);
    }
  }

  #value(
    value: unknown,
    { type = '', enum: choices = {} }: Attribute,
    profiles: readonly string[],
    path: string,
    problems: string[],
  ): void {
    const object = this.#objects.get(type);
    if (object && type !== 'object') {
      if (typeof value !== 'object' || value === null) problems.push(`${path} has to be a ${type}`);
      else
        this.#object(value as Record<string, unknown>, object, this.#objects, profiles, `${path}.`, problems);
      return;
    }
    if (type === 'object' || type === 'json_t') return;
    const { type: base = type, regex, range, max_len } = this.#types[type] ?? {};
    const number = /^(integer|long|float)_t$/.test(base) || base === 'long_t';
    const wanted = base === 'boolean_t' ? 'boolean' : number ? 'number' : 'string';
    if (typeof value !== wanted) problems.push(`${path} has to be a ${wanted}`);
    if (number && base !== 'float_t' && !Number.isSafeInteger(value))
      problems.push(`${path} has to be an integer`);
    if (regex && !new RegExp(regex).test(String(value)))
      problems.push(`${path} does not look like a ${type}`);
    if (range && (Number(value) < range[0] || Number(value) > range[1]))
      problems.push(`${path} is out of range`);
    if (max_len && String(value).length > max_len) problems.push(`${path} is too long`);
    if (Object.keys(choices).length > 0 && !(String(value) in choices))
      problems.push(`${path} is none of ${Object.keys(choices).join(', ')}`);
  }
}
