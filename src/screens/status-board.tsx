// What the agent does right now, redrawn as it changes. Shows only; every string from outside is made visible first.
import { Box, render, Text, useApp, useInput } from 'ink';
import { useEffect, useState } from 'react';
import type { AgentStatus } from '../agent/messages.ts';
import { visible } from '../lib/visible.ts';

export interface BoardProps {
  /** Asks for the state; a failure is shown and asked again. */
  load(): Promise<AgentStatus>;
  /** Milliseconds between questions. */
  readonly interval: number;
}

interface View {
  readonly status?: AgentStatus;
  readonly problem?: string;
}

function useStatus({ load, interval }: BoardProps): View {
  const [view, setView] = useState<View>({});
  useEffect(() => {
    let gone = false;
    let timer: NodeJS.Timeout | undefined;
    const ask = async () => {
      const next: View = await load().then(
        (status) => ({ status }),
        (error: unknown) => ({ problem: error instanceof Error ? error.message : String(error) }),
      );
      if (gone) return;
      setView(next);
      timer = setTimeout(() => void ask(), interval);
    };
    void ask();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [load, interval]);
  return view;
}

function Fact({ name, children, color }: { name: string; children: string; color?: string }) {
  return (
    <Box>
      <Box width={12}>
        <Text dimColor>{name}</Text>
      </Box>
      <Text {...(color === undefined ? {} : { color })}>{visible(children)}</Text>
    </Box>
  );
}

const WIDTHS = [20, 18, 9, 10, 10] as const;

function Row({ cells, bold = false }: { cells: readonly string[]; bold?: boolean }) {
  return (
    <Box>
      {cells.map((cell, index) => (
        <Box key={`${WIDTHS[index]}-${cell}`} width={WIDTHS[index] ?? 10}>
          <Text bold={bold} wrap="truncate">
            {visible(cell)}
          </Text>
        </Box>
      ))}
    </Box>
  );
}

function Sessions({ sessions }: Pick<AgentStatus, 'sessions'>) {
  if (sessions.length === 0) return <Text dimColor>no session is open</Text>;
  return (
    <Box flexDirection="column">
      <Row bold cells={['SESSION', 'CONNECTION', 'CLIENT', 'STATE', 'STATEMENTS']} />
      {sessions.map((row) => (
        <Row key={row.id} cells={[row.id, row.connection, row.client, row.state, String(row.statements)]} />
      ))}
    </Box>
  );
}

function Windows({ windows = [] }: Pick<AgentStatus, 'windows'>) {
  if (windows.length === 0) return null;
  return (
    <Box flexDirection="column" marginTop={1}>
      <Row bold cells={['WINDOW', 'CONNECTION', 'ENDS']} />
      {windows.map(({ id, connection, ends }) => (
        <Row key={id} cells={[id, connection, timeOf(ends)]} />
      ))}
    </Box>
  );
}

/** Of the day, in UTC. */
const timeOf = (rfc3339: string): string => rfc3339.slice(11, 19);

function Policy({ policy }: Pick<AgentStatus, 'policy'>) {
  if (!policy) return null;
  const { version, refused = '', problems, failure } = policy;
  const told = version
    ? `published version ${version.number} by ${version.signer.email ?? version.signer.sub}`
    : `nothing in force: ${refused}`;
  const more = problems.map(({ version: number, reason }) => `version ${number} does not count: ${reason}`);
  const all = [told, ...more, ...(failure === undefined ? [] : [`not looked at: ${failure}`])];
  return (
    <Fact name="policy" color={version && all.length === 1 ? 'green' : 'red'}>
      {all.join('; ')}
    </Fact>
  );
}

function Facts({ status }: { status: AgentStatus }) {
  const { signIn, backlog, store, draining, version, pid } = status;
  const person =
    signIn.state === 'signed-out'
      ? 'nobody; run `broker login`'
      : `${signIn.user.email ?? signIn.user.sub}, until ${signIn.expires}`;
  const waiting = backlog.objects + backlog.unsealed;
  const uploads =
    waiting === 0
      ? 'everything is stored'
      : `${backlog.objects} objects and ${backlog.unsealed} sessions wait`;
  return (
    <Box flexDirection="column">
      <Fact name="signed in" color={signIn.state === 'signed-in' ? 'green' : 'red'}>
        {person}
      </Fact>
      <Policy {...(status.policy ? { policy: status.policy } : {})} />
      <Fact name="store">{store ?? 'not configured'}</Fact>
      <Fact name="uploads" color={waiting === 0 ? 'green' : 'yellow'}>
        {backlog.problem ? `${uploads}: ${backlog.problem}` : uploads}
      </Fact>
      <Fact name="agent">{`${version}, process ${pid}${draining ? ', draining' : ''}`}</Fact>
    </Box>
  );
}

export function StatusBoard(props: BoardProps) {
  const { exit } = useApp();
  const { status, problem } = useStatus(props);
  useInput((input, key) => {
    if (input === 'q' || key.escape || (key.ctrl && input === 'c')) exit();
  });
  return (
    <Box flexDirection="column" paddingX={1}>
      {problem === undefined ? null : <Text color="red">{visible(problem)}</Text>}
      {status ? (
        <>
          <Facts status={status} />
          <Box marginTop={1}>
            <Sessions sessions={status.sessions} />
          </Box>
          <Windows {...(status.windows ? { windows: status.windows } : {})} />
        </>
      ) : null}
      <Box marginTop={1}>
        <Text dimColor>q quits</Text>
      </Box>
    </Box>
  );
}

/** Resolves when the person leaves, or when `signal` aborts. */
export async function showStatusBoard(props: BoardProps & { readonly signal: AbortSignal }): Promise<void> {
  const app = render(<StatusBoard load={props.load} interval={props.interval} />, { exitOnCtrlC: false });
  props.signal.addEventListener('abort', () => app.unmount(), { once: true });
  await app.waitUntilExit();
}
