// Questions of our own put to the server on a client's connection, while its transaction is open and nothing is under way: only
// there can be seen what it has not committed. Must leave the transaction as it was.
import type { Row } from './catalogue-rows.ts';
import type { Link } from './link.ts';

/** Throws where nothing can be asked without the client noticing, and when the server refuses. */
export async function askHere(link: Link, send: () => void, statements: readonly string[]): Promise<Row[][]> {
  while (link.pending.length > 0 && isQuiet(link)) await link.settled();
  if (!isQuiet(link) || link.status === 'I') throw new Error('there is no transaction to look at');
  const answers: Row[][] = [];
  const answered = new Promise<void>((resolve) => {
    for (const statement of statements) {
      const rows: Row[] = [];
      const asked = link.hidden(statement, true);
      asked.tell = (row) => rows.push(row);
      asked.done = () => answers.push(rows);
    }
    link.sync(resolve);
  });
  send();
  await answered;
  if (answers.length < statements.length) throw new Error('the server refused a question of our own');
  return answers;
}

function isQuiet(link: Link): boolean {
  return !link.unsynced && !link.copyIn && !link.discarding && !link.terminated && link.fatal === undefined;
}
