// The page a browser shows when the provider sent it back to us. Self-contained; no script, nothing loaded, everything escaped.
import { createHash } from 'node:crypto';

export interface Page {
  readonly tone: 'good' | 'bad';
  readonly title: string;
  readonly text: string;
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1c2430;--dim:#5b6675;--paper:#f6f7f9;--card:#fff;--line:#e2e6ec}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf2;--dim:#9aa6b6;--paper:#12161c;--card:#1a2029;--line:#2b3440}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
main{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:40px 48px;max-width:26rem;
margin:1rem;text-align:center}
svg{width:56px;height:56px}h1{font-size:1.35rem;margin:.75rem 0 .25rem}p{margin:0;color:var(--dim)}
`;

const MARKS = {
  good: '<circle cx="28" cy="28" r="26" fill="#1f9d62"/><path d="M17 29l8 8 15-17" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/>',
  bad: '<circle cx="28" cy="28" r="26" fill="#c2413b"/><path d="M20 20l16 16M36 20L20 36" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round"/>',
};

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text made harmless in HTML, bidirectional and control characters included. */
export function escapeHtml(text: string): string {
  const plain = text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g,
    '\ufffd',
  );
  return plain.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? '');
}

export function renderPage(page: Page): string {
  const title = escapeHtml(page.title);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title} · broker</title><style>${STYLE}</style></head>
<body><main><svg viewBox="0 0 56 56" aria-hidden="true">${MARKS[page.tone]}</svg>
<h1>${title}</h1><p>${escapeHtml(page.text)}</p></main></body></html>
`;
}

const styleHash = createHash('sha256').update(STYLE).digest('base64');

/** Sent with every answer of the loopback listener. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  connection: 'close',
};
