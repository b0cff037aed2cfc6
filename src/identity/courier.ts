// Carries a sign-in question to the person and the provider's answer back: by browser, or by pasting. Never waits beyond its deadline.
import { BrokerError } from '../model/errors.ts';
import { openBrowser } from './browser.ts';
import { signInFailed } from './provider.ts';
import { type Arrival, listenForRedirect } from './redirect.ts';

/** `server`: at the authorization server of a remote MCP server. */
export type Purpose = 'identity' | 'target' | 'server';

export type SignInPrompt =
  /** Open this; `opened` says whether a browser was started for the person. */
  | { readonly kind: 'browser'; readonly url: string; readonly opened: boolean; readonly purpose: Purpose }
  /** Open this anywhere and paste the address the browser ends on. */
  | { readonly kind: 'paste'; readonly url: string; readonly purpose: Purpose }
  /** Enter the code at the URL, on any device; `expires` in milliseconds since the epoch. */
  | {
      readonly kind: 'device';
      readonly url: string;
      readonly completeUrl?: string;
      readonly code: string;
      readonly expires: number;
    };

export interface CourierOptions {
  readonly mode: 'browser' | 'paste';
  readonly redirectPort: number;
  show(prompt: SignInPrompt): void;
  pasted?(): Promise<string>;
  /** Environment of the person's desktop; without it no browser is started. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Milliseconds for the whole sign-in. */
  readonly deadline: number;
}

export interface Courier {
  readonly redirectUri: string;
  /** Continues in the browser window of `previous` where there is one. */
  ask(url: URL, state: string, purpose: Purpose, previous?: Arrival): Promise<Arrival>;
  close(): void;
}

/** Rejects when the person gives up or the time is over; never resolves. */
export function givingUp(signal: AbortSignal, deadline: number): { over: Promise<never>; cancel(): void } {
  let cancel = () => {};
  const over = new Promise<never>((_, reject) => {
    const late = () => reject(signInFailed('nobody finished it in time', 'run `broker login` again'));
    const stop = () => reject(new BrokerError('interrupted'));
    const timer = setTimeout(late, deadline);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    cancel = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    };
  });
  over.catch(() => {});
  return { over, cancel };
}

/** A pasted address is the redirect we asked for, and carries this sign-in's state. */
export function readPasted(text: string, redirectUri: string, state: string): Arrival {
  const trimmed = text.trim();
  const url = URL.canParse(trimmed) ? new URL(trimmed) : undefined;
  if (!url || `${url.origin}${url.pathname}` !== redirectUri)
    throw signInFailed(
      'what was pasted is not the address the browser ended on',
      `run \`broker login\` again and paste the whole address, which starts with ${redirectUri}`,
    );
  if (url.searchParams.get('state') !== state)
    throw signInFailed('the pasted address belongs to another sign-in', 'run `broker login` again');
  return { url, answer: () => {} };
}

export async function openCourier(options: CourierOptions): Promise<Courier> {
  const listener = await listenForRedirect(options.redirectPort);
  const { redirectUri } = listener;
  const { over, cancel } = givingUp(options.signal, options.deadline);

  const present = async (url: URL, purpose: Purpose): Promise<void> => {
    if (options.mode === 'paste') return options.show({ kind: 'paste', url: url.href, purpose });
    const opened = options.environment ? await openBrowser(url.href, options.environment) : false;
    options.show({ kind: 'browser', url: url.href, opened, purpose });
  };

  return {
    redirectUri,
    ask: async (url, state, purpose, previous) => {
      const ways: Promise<Arrival>[] = [listener.expect(state)];
      if (previous?.forward) previous.forward(url);
      else {
        await present(url, purpose);
        const typed = options.mode === 'paste' ? options.pasted?.() : undefined;
        if (typed) ways.push(typed.then((text) => readPasted(text, redirectUri, state)));
      }
      return Promise.race([...ways, over]);
    },
    close: () => {
      cancel();
      listener.close();
    },
  };
}
