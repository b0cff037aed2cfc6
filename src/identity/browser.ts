// Opens the person's browser at a provider's URL: no shell, https (or loopback http) only, never a URL an option parser could take.
import { spawn } from 'node:child_process';
import { isSafeUrl } from './provider.ts';

const OPENERS: Partial<Record<NodeJS.Platform, string>> = { linux: 'xdg-open', darwin: 'open' };

/** The environment a browser needs, without anything of ours. */
function withoutOurs(environment: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('BROKER_')));
}

/** Resolves true when an opener took the URL; false means: show it to the person instead. */
export function openBrowser(
  url: string,
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): Promise<boolean> {
  const opener = OPENERS[platform];
  if (!opener || !isSafeUrl(url)) return Promise.resolve(false);
  const hasDisplay = environment['DISPLAY'] || environment['WAYLAND_DISPLAY'] || environment['BROWSER'];
  if (platform === 'linux' && !hasDisplay) return Promise.resolve(false);
  return new Promise((resolve) => {
    const child = spawn(opener, [new URL(url).href], {
      detached: true,
      stdio: 'ignore',
      env: withoutOurs(environment),
    });
    // An opener that cannot open says so at once; one that becomes the browser stays.
    const timer = setTimeout(() => resolve(true), 1_500);
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
    child.once('close', () => clearTimeout(timer));
    child.unref();
  });
}
