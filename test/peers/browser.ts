// A person at a browser, in forty lines: follows redirects, keeps cookies, fills in the provider's forms. Knows nothing of broker.

export interface Visit {
  readonly status: number;
  readonly url: string;
  readonly text: string;
  readonly headers: Headers;
  /** Where the last answer sends the browser, when it was told not to go there. */
  readonly location?: string;
}

export interface Answers {
  /** What is typed into the sign-in form. */
  readonly login: string;
  readonly password: string;
  /** Clicks "cancel" instead of signing in or consenting. */
  readonly cancel?: boolean;
}

export interface Browser {
  /** Goes to a URL and on until a page has no form left to answer; `until` stops before that address is fetched. */
  visit(url: string, answers: Answers, until?: (url: string) => boolean): Promise<Visit>;
}

const plain = (text: string) =>
  text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&');

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return value === undefined ? undefined : plain(value);
}

interface Form {
  readonly action: string;
  readonly fields: URLSearchParams;
}

/** The first POST form of a page, filled in. */
function formOf(html: string, answers: Answers): Form | undefined {
  const form = /<form[^>]*method="post"[^>]*>[\s\S]*?<\/form>/i.exec(html)?.[0];
  const action = form === undefined ? undefined : attribute(form, 'action');
  if (form === undefined || action === undefined) return undefined;
  const fields = new URLSearchParams();
  for (const [tag] of form.matchAll(/<input[^>]*>/g)) {
    const name = attribute(tag, 'name');
    if (name === undefined) continue;
    fields.set(name, attribute(tag, 'value') ?? (name === 'login' ? answers.login : answers.password));
  }
  return { action, fields };
}

function cancelOf(html: string): string | undefined {
  const href = /<a[^>]*href="([^"]*\/abort)"/.exec(html)?.[1];
  return href === undefined ? undefined : plain(href);
}

/** Cookies per host, as browsers keep them: ports share them. Paths are honoured, attributes else are not. */
class Jar {
  readonly #cookies = new Map<string, { host: string; path: string; name: string; value: string }>();

  store(url: URL, headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair = '', ...rest] = line.split(';').map((part) => part.trim());
      const at = pair.indexOf('=');
      const attributes = new Map(
        rest.map((one) => [one.split('=')[0]?.toLowerCase() ?? '', one.split('=')[1] ?? '']),
      );
      const cookie = {
        host: url.hostname,
        path: attributes.get('path') ?? '/',
        name: pair.slice(0, at),
        value: pair.slice(at + 1),
      };
      const key = `${cookie.host} ${cookie.path} ${cookie.name}`;
      if (cookie.value === '' || Date.parse(attributes.get('expires') ?? '') < Date.now())
        this.#cookies.delete(key);
      else this.#cookies.set(key, cookie);
    }
  }

  header(url: URL): string {
    const sent = [...this.#cookies.values()].filter(
      (one) => one.host === url.hostname && url.pathname.startsWith(one.path),
    );
    return sent.map((one) => `${one.name}=${one.value}`).join('; ');
  }
}

export function openBrowser(): Browser {
  const jar = new Jar();
  const request = async (url: URL, form?: Form): Promise<Response> => {
    const cookie = jar.header(url);
    const response = await fetch(url, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { ...(cookie === '' ? {} : { cookie }), accept: 'text/html' },
      ...(form ? { body: form.fields } : {}),
    });
    jar.store(url, response.headers);
    return response;
  };
  return {
    visit: async (start, answers, until) => {
      let url = new URL(start);
      let form: Form | undefined;
      for (let step = 0; step < 40; step++) {
        const response = await request(url, form);
        const text = await response.text();
        const seen = { status: response.status, url: url.href, text, headers: response.headers };
        const location = response.headers.get('location');
        let next: string | undefined = location ?? undefined;
        form = undefined;
        if (next === undefined && response.status === 200) {
          next = answers.cancel ? cancelOf(text) : undefined;
          form = next === undefined ? formOf(text, answers) : undefined;
          next ??= form?.action;
        }
        if (next === undefined) return seen;
        url = new URL(next, url);
        if (until?.(url.href)) return { ...seen, location: url.href };
      }
      throw new Error(`${start} goes round in circles`);
    },
  };
}
