// PostgreSQL's row on the protocols shelf.
import type { Protocol } from '../protocol.ts';
import { PostgresTarget } from './target.ts';

export const postgres: Protocol = {
  id: 'postgres',
  open: (options) => PostgresTarget.open(options),
};
