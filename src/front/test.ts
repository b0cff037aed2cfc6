// The person's side of a connection test: passes on the variables it is asked for and prints each step.
import type { Writable } from 'node:stream';
import { type AgentClient, brokerSettings, type ConnectionTest } from '../agent/client.ts';
import { visible } from '../lib/visible.ts';
import { BrokerError, EXIT } from '../model/errors.ts';
import type { FrontContext } from './compose.ts';

export interface TestContext extends FrontContext {
  readonly stdout: Writable;
  readonly json: boolean;
}

async function ask(agent: AgentClient, context: TestContext, connection: string): Promise<ConnectionTest> {
  const { cwd, home, environment, signal } = context;
  const caller = { cwd, home, settings: brokerSettings(environment), pid: process.pid };
  const dialogue = agent.test({ type: 'test', connection, caller }, signal);
  try {
    for await (const message of dialogue) {
      if (message.type === 'tested') return message.test;
      if (message.type !== 'wanted') continue;
      const values: Record<string, string> = {};
      for (const name of message.names) {
        const value = environment[name];
        if (value !== undefined) values[name] = value;
      }
      dialogue.send({ type: 'environment', values });
    }
  } finally {
    dialogue.close();
  }
  throw new BrokerError('agent-lost');
}

function render({ steps }: ConnectionTest): string {
  const lines = steps.map(({ name, ok, detail, micros }) => {
    const time = `${(micros / 1000).toFixed(0)} ms`;
    return `${ok ? '✓' : '✗'} ${name.padEnd(13)} ${time.padStart(7)}  ${visible(detail)}\n`;
  });
  return lines.join('');
}

/** Exit code of the step that failed, 0 when none did. */
export async function runTest(agent: AgentClient, context: TestContext, connection: string): Promise<number> {
  const test = await ask(agent, context, connection);
  context.stdout.write(context.json ? `${JSON.stringify(test)}\n` : render(test));
  const failed = test.steps.find(({ error }) => error !== undefined);
  if (!failed?.error) return EXIT.done;
  throw BrokerError.from(failed.error);
}
