import { render } from 'ink-testing-library';
import { describe, expect, it } from 'vitest';
import type { AgentStatus } from '../../src/agent/messages.ts';
import { StatusBoard } from '../../src/screens/status-board.tsx';

const status: AgentStatus = {
  version: '0.1.0',
  build: 'b',
  pid: 7,
  started: '2026-03-01T00:00:00Z',
  draining: false,
  signIn: { state: 'signed-out' },
  sessions: [],
  backlog: { objects: 2, bytes: 10, unsealed: 1, problem: 'the store said \u001b[31mno' },
  store: 'file:/store',
  log: '/log',
  memory: 1,
};

describe('the status board', () => {
  it('shows who is signed in and what waits, with control characters made visible', async () => {
    const screen = render(<StatusBoard load={async () => status} interval={1_000} />);
    await expect.poll(() => screen.lastFrame()).toContain('nobody');
    expect(screen.lastFrame()).toContain('2 objects and 1 sessions wait');
    expect(screen.lastFrame()).not.toContain('\u001b[31mno');
    screen.unmount();
  });

  it('shows windows that are open, and until when', async () => {
    const window = { id: '1m849hty3cad6hxdw', connection: 'prod-\u202edb', ends: '2026-03-01T10:30:00Z' };
    const screen = render(
      <StatusBoard load={async () => ({ ...status, windows: [window] })} interval={1_000} />,
    );
    await expect.poll(() => screen.lastFrame()).toContain('WINDOW');
    expect(screen.lastFrame()).toMatch(/1m849hty3cad6hxdw +prod-\\u\{202e\}db +10:30:00/);
    screen.unmount();
  });

  it('says what is wrong when the agent cannot be asked, and asks again', async () => {
    let asked = 0;
    const load = async () => {
      asked += 1;
      if (asked === 1) throw new Error('the agent cannot be reached');
      return status;
    };
    const screen = render(<StatusBoard load={load} interval={400} />);
    await expect.poll(() => screen.lastFrame()).toContain('cannot be reached');
    await expect.poll(() => screen.lastFrame()).toContain('file:/store');
    screen.unmount();
  });
});
