// Judges events by what the published OCSF schema says of the classes they name. Knows nothing of broker.

export interface Attribute {
  readonly type: string;
  readonly list?: true;
  readonly required?: true;
  /** Values it may have. */
  readonly one_of?: readonly string[];
}

export interface Shape {
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly at_least_one?: readonly string[];
  readonly just_one?: readonly string[];
}

export interface Scalar {
  readonly base: string;
  readonly regex?: string;
  readonly range?: readonly [number, number];
  readonly max_len?: number;
}

/** What the schema says, as far as it was asked. */
export interface OcsfFacts {
  readonly version: string;
  readonly profiles: readonly string[];
  readonly classes: Readonly<Record<string, Shape>>;
  readonly objects: Readonly<Record<string, Shape>>;
  readonly types: Readonly<Record<string, Scalar>>;
}

type Members = Readonly<Record<string, unknown>>;

/** Where the facts have no answer they are incomplete: that is a problem, too. */
export class OcsfSchema {
  readonly #facts: OcsfFacts;
  /** What events were judged by, so that it can be kept. */
  readonly used = { classes: new Set<string>(), objects: new Set<string>(), types: new Set<string>() };

  constructor(facts: OcsfFacts) {
    this.#facts = facts;
  }

  problems(event: Members): string[] {
    const uid = Number(event['class_uid']);
    const shape = this.#facts.classes[uid];
    if (!shape) return [`no class ${uid} in the facts`];
    this.used.classes.add(String(uid));
    const problems: string[] = [];
    const metadata = event['metadata'] as { profiles?: string[]; version?: string } | undefined;
    if (metadata?.version !== this.#facts.version)
      problems.push(`metadata.version is ${metadata?.version}, not ${this.#facts.version}`);
    if (JSON.stringify(metadata?.profiles) !== JSON.stringify(this.#facts.profiles))
      problems.push('metadata.profiles are not those of the facts');
    if (event['type_uid'] !== uid * 100 + Number(event['activity_id'])) problems.push('type_uid');
    if (event['category_uid'] !== Math.floor(uid / 1000)) problems.push('category_uid');
    this.#object(event, shape, '', problems);
    return problems;
  }

  #object(value: Members, shape: Shape, path: string, problems: string[]): void {
    for (const [name, { required }] of Object.entries(shape.attributes))
      if (required && value[name] === undefined) problems.push(`${path}${name} is required`);
    const { at_least_one, just_one } = shape;
    if (at_least_one && !at_least_one.some((name) => value[name] !== undefined))
      problems.push(`${path}: one of ${at_least_one.join(', ')} is required`);
    if (just_one && just_one.filter((name) => value[name] !== undefined).length !== 1)
      problems.push(`${path}: exactly one of ${just_one.join(', ')}`);
    for (const [name, member] of Object.entries(value)) {
      const attribute = shape.attributes[name];
      // The base event's placeholders: what they have to be was checked above.
      if (path === '' && /^(class|category)_uid$/.test(name)) continue;
      if (!attribute) problems.push(`${path}${name} is unknown`);
      else if (!attribute.list) this.#value(member, attribute, `${path}${name}`, problems);
      else if (!Array.isArray(member)) problems.push(`${path}${name} has to be a list`);
      else for (const each of member) this.#value(each, attribute, `${path}${name}`, problems);
    }
  }

  #value(value: unknown, { type, one_of }: Attribute, path: string, problems: string[]): void {
    if (type === 'object' || type === 'json_t') return;
    if (!type.endsWith('_t')) {
      const shape = this.#facts.objects[type];
      this.used.objects.add(type);
      if (!shape) problems.push(`${path}: no object ${type} in the facts`);
      else if (typeof value !== 'object' || value === null || Array.isArray(value))
        problems.push(`${path} has to be a ${type}`);
      else this.#object(value as Members, shape, `${path}.`, problems);
      return;
    }
    const scalar = this.#facts.types[type];
    this.used.types.add(type);
    if (!scalar) problems.push(`${path}: no type ${type} in the facts`);
    else problems.push(...scalarProblems(value, type, scalar).map((problem) => `${path} ${problem}`));
    if (one_of && !one_of.includes(String(value))) problems.push(`${path} is none of ${one_of.join(', ')}`);
  }
}

function scalarProblems(value: unknown, type: string, { base, regex, range, max_len }: Scalar): string[] {
  const number = /^(integer|long|float)_t$/.test(base);
  const wanted = base === 'boolean_t' ? 'boolean' : number ? 'number' : 'string';
  const problems: string[] = [];
  if (typeof value !== wanted) problems.push(`has to be a ${wanted}`);
  if (number && base !== 'float_t' && !Number.isSafeInteger(value)) problems.push('has to be an integer');
  if (regex && !new RegExp(regex).test(String(value))) problems.push(`does not look like a ${type}`);
  if (range && (Number(value) < range[0] || Number(value) > range[1])) problems.push('is out of range');
  if (max_len && String(value).length > max_len) problems.push('is too long');
  return problems;
}
