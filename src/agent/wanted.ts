// Which of the caller's variables a connection's credential needs. Must never ask for more than its settings name.

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

function* walk(settings: Readonly<Record<string, unknown>>): Generator<string, void, void> {
  for (const [name, value] of Object.entries(settings)) {
    if (/variable$/i.test(name) && typeof value === 'string') yield value;
    else if (name === 'environment' && Array.isArray(value))
      yield* value.filter((each) => typeof each === 'string');
    else if (typeof value === 'object' && value !== null && !Array.isArray(value))
      yield* walk(value as Record<string, unknown>);
  }
}

/** Settings called `…Variable`, and lists called `environment`, at any depth; sorted. */
export function wantedVariables(settings: Readonly<Record<string, unknown>>): readonly string[] {
  return [...new Set(walk(settings))].filter((name) => VARIABLE.test(name)).sort();
}
