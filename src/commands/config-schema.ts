// broker config schema: the JSON Schema of broker.yaml, for editors.
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const configSchema: CommandDefinition = {
  name: 'config schema',
  group: 'machine',
  summary: 'print the JSON Schema of broker.yaml, for editors',
  arguments: [],
  options: [],
  examples: [
    {
      command: 'broker config schema > ~/.config/broker/schema.json',
      explains: 'then start broker.yaml with: # yaml-language-server: $schema=schema.json',
    },
  ],
  run: async ({ stdout }) => {
    const { jsonSchema } = await import('../config/schema.ts');
    stdout.write(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
    return EXIT.done;
  },
};
