// What every page of ours is made of: its policy, its head, its data as inert blocks. Must never let evidence become markup or script.
import { createHash } from 'node:crypto';
import { STYLE } from './style.ts';

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;
}

/** JSON that stays inside its script element: no `<`, and no line ends that JavaScript knows and JSON does not. */
export function block(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `title` and `about` are markup of ours and hold nothing of the evidence. */
export interface Shell {
  readonly title: string;
  readonly about: string;
  readonly skip: string;
  readonly script: string;
}

/** Up to the main element. */
export function head({ title, about, skip, script }: Shell): string {
  const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(STYLE)}; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#main">${skip}</a>
<header><h1>${title}</h1><p class="soft">${about}</p></header>
<main id="main"><noscript>This page needs JavaScript to arrange what it holds. It loads nothing and sends nothing.</noscript></main>
`;
}

/** The data a page begins with, its script, and its end. */
export function foot(data: unknown, script: string): string {
  return `<script type="application/json" id="data">${block(data)}</script>\n<script>${script}</script>\n</body>\n</html>\n`;
}

/** Reads data and makes nodes and text, never markup. */
export const NODES_JS = String.raw`
const read=node=>JSON.parse(node.textContent);
const DATA=read(document.getElementById('data'));
const main=document.getElementById('main');
function el(name,attributes,...children){
  const node=document.createElement(name);
  for(const [key,value] of Object.entries(attributes||{}))if(value!==undefined)node.setAttribute(key,value);
  node.append(...children.flat().filter(each=>each!==undefined&&each!==''));
  return node;
}
// Characters that hide or reorder text are spelled out.
const shown=text=>String(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,c=>'\\u{'+c.codePointAt(0).toString(16)+'}');
function facts(rows){
  const list=el('dl');
  for(const [name,value] of rows)if(value!==undefined&&value!=='')list.append(el('dt',{},name),el('dd',{},typeof value==='object'?value:shown(value)));
  return list;
}
`;
