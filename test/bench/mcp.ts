// A call through `broker mcp` next to the same server started directly: milliseconds. targets.md section 2.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { startWorld, type World } from '../peers/world.ts';
import { interleaved, median, print } from './measure.ts';

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;
const SERVER = new URL('../peers/mcp-echo.mjs', import.meta.url).pathname;
const HOP = new URL('../peers/mcp-hop.mjs', import.meta.url).pathname;
const CALLS = 4000;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7);

const POLICY = `
@id("all")
permit (principal, action, resource) unless { action == Action::"reveal" };
`;

interface Peer {
  readonly name: string;
  call(method: string, params: object): Promise<unknown>;
  end(): void;
}

function start(name: string, args: readonly string[], world: World): Peer {
  const child: ChildProcess = spawn(process.execPath, args, { env: world.environment, cwd: world.home });
  const waiting = new Map<number, (value: unknown) => void>();
  let id = 0;
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = JSON.parse(line) as { id: number; result: unknown };
      waiting.get(message.id)?.(message.result);
      waiting.delete(message.id);
    });
  return {
    name,
    call: (method, params) =>
      new Promise((resolve) => {
        id += 1;
        waiting.set(id, resolve);
        child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
      }),
    end: () => child.stdin?.end(),
  };
}

const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'bench', version: '1' },
};
const echo = (size: number) => ({ name: 'echo', arguments: { size } });

const world = await startWorld({ policy: POLICY });
try {
  await world.signIn('alice');
  const arguments_ = { direct: [SERVER], broker: [BROKER, 'mcp', 'prod-db', '--', process.execPath, SERVER] };
  const [direct, broker] = [
    start('direct', arguments_.direct, world),
    start('broker', arguments_.broker, world),
  ];
  const ways = [direct, broker];
  // What one more Node process costs that only hands on bytes: nothing that stands between can be faster.
  const hop = start('bare hop', [HOP, SERVER], world);
  for (const way of [...ways, hop]) {
    await way.call('initialize', INITIALIZE);
    await way.call('tools/list', {});
    for (let warm = 0; warm < 500; warm++) await way.call('tools/call', echo(10));
  }
  const p99: Record<string, number[]> = { direct: [], broker: [] };
  const one = await interleaved(ROUNDS, ways, async (way) => {
    const times: number[] = [];
    for (let count = 0; count < 500; count++) {
      const from = performance.now();
      await way.call('tools/call', echo(10));
      times.push(performance.now() - from);
    }
    times.sort((a, b) => a - b);
    p99[way.name]?.push(times[494] ?? 0);
    return median(times);
  });
  const added = (figures: readonly number[] = [], of: readonly number[] = []) =>
    (median(figures) - median(of)).toFixed(3);
  console.log(
    `added p50 on an echo call ${added(one.get('broker'), one.get('direct'))} ms   goal ≤ 0.15 ms, floor 0.3`,
  );
  console.log(`added p99 on an echo call ${added(p99['broker'], p99['direct'])} ms   goal ≤ 1 ms, floor 2`);
  const many = await interleaved(ROUNDS, [...ways, hop], async (way) => {
    const from = performance.now();
    let left = CALLS;
    const lane = async () => {
      while (left-- > 0) await way.call('tools/call', echo(10));
    };
    await Promise.all(Array.from({ length: 32 }, lane));
    return CALLS / (performance.now() - from);
  });
  print('calls/s, 32 in flight', many, 'broker', 'direct', '≥ 0.8, floor 0.5');
  print('calls/s, 32 in flight', many, 'broker', 'bare hop', 'none: what a hop alone costs');
  const large = await interleaved(Math.min(ROUNDS, 5), ways, async (way) => {
    const from = performance.now();
    await way.call('tools/call', echo(8 << 20));
    return performance.now() - from;
  });
  print('8 MiB result, inspected', large, 'broker', 'direct', '≤ 1.3, floor 1.5');
  const masked = await interleaved(Math.min(ROUNDS, 5), [direct, broker], async (way) => {
    const from = performance.now();
    await way.call('tools/call', { name: 'echo', arguments: { size: 8 << 20, beside: ' ada@example.com' } });
    return performance.now() - from;
  });
  print('8 MiB result, masked', masked, 'broker', 'direct', '≤ 2, floor 3');
  const spawned = await interleaved(
    ROUNDS,
    [
      { name: 'direct', args: arguments_.direct },
      { name: 'broker', args: arguments_.broker },
    ],
    async ({ name, args }) => {
      const from = performance.now();
      const way = start(name, args, world);
      await way.call('initialize', INITIALIZE);
      const took = performance.now() - from;
      way.end();
      return took;
    },
  );
  console.log(
    `spawn to initialize over the bare server ${added(spawned.get('broker'), spawned.get('direct'))} ms   goal ≤ 90 ms, floor 150`,
  );
  for (const way of [...ways, hop]) way.end();
} finally {
  await world.stop();
}
