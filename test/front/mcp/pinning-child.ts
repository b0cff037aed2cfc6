// Sees tools of its own, again and again, as one of several fronts of the same server does.
import { Pins } from '../../../src/front/mcp/pins.ts';

const [folder = '', id = '', own = '', rounds = '0'] = process.argv.slice(2);
for (let round = 0; round < Number(rounds); round++) {
  const pins = new Pins(folder, { id, connection: 'prod-db', program: 'server' });
  const name = `${own}-${round}`;
  pins.see(new Map([[name, { tool: { name, description: own }, flags: [] }]]), '2026-01-01T00:00:00Z');
}
