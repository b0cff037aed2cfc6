// A team around one store whose policy comes from it: publishing as a person does, and what a live psql is answered.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { World } from '../peers/world.ts';
import type { Proxied } from './proxied.ts';

/** Dana, by her verified address; looked at every second. */
export const TEAM = `team_policy:
  signers: [{ email: dana@example.com }]
  interval: 1
`;

export const OPEN = `
@id("team-open")
permit (principal in Group::"developers", action == Action::"session:open", resource);

@id("team-work")
permit (principal in Group::"developers", action in [Action::"read", Action::"write", Action::"define", Action::"destroy"], resource);

@id("dba-approves")
permit (principal in Group::"dba", action == Action::"approve", resource);
`;

export const NO_UPDATES = `${OPEN}
@id("team-no-updates")
@advice("ask dana")
forbid (principal, action == Action::"sql:update", resource);
`;

/** Writes the policies that this person would publish. */
export function draft(world: World, text: string, name = 'team.cedar'): string {
  const file = join(world.home, name);
  writeFileSync(file, text);
  return file;
}

/** A client of a live session. */
export async function client({ environment }: Proxied): Promise<pg.Client> {
  const {
    PGHOST: host,
    PGPORT: port,
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
  } = environment;
  const connected = new pg.Client({ host, port: Number(port), user, password, database });
  await connected.connect();
  return connected;
}

const UPDATE = 'update orders set id = id where id = 1';

/** How a live session answers an update: `allowed`, or the refusal. */
export function update(connected: pg.Client): Promise<string> {
  return connected.query(UPDATE).then(
    () => 'allowed',
    (error: Error) => error.message,
  );
}
