// One recording as a page that plays it, offline. Must never let a recording become markup or script, nor load anything.
import type { Tape } from '../../lib/tape.ts';
import { playerScript } from './player.ts';
import { foot, head, NODES_JS } from './shell.ts';

const RECORDING_JS = `
const list=el('ol',{class:'marks'});
const marks=DATA.marks.map(each=>each[0]);
const played=player(DATA.cast,marks,current=>[...list.children].forEach((node,at)=>node.classList.toggle('now',at===current)));
DATA.marks.forEach(([at,label])=>{
  const jump=el('button',{type:'button'},clockOf(at));
  jump.addEventListener('click',()=>{played.stop();played.go(at);played.node.scrollIntoView({block:'nearest'});});
  list.append(el('li',{},jump,' ',shown(label)));
});
main.replaceChildren(el('div',{class:'card'},facts(DATA.facts)),...(DATA.cut?[el('p',{class:'bad'},'The recording is longer than this page holds, and ends early here.')]:[]),
  el('h2',{},'Terminal'),played.node,el('p',{class:'soft'},'Shown without anything that could act on a terminal; long pauses are cut. Space plays and pauses, arrow keys go five seconds back and on.'),
  el('h2',{},marks.length+' statements'),list);
`;

const ABOUT =
  'Made by access-broker for looking at. Nobody signed this page: what was signed is in an export of the format <code>bundle</code>, which can be checked without access-broker. Values were masked before they were recorded.';

/** Characters a page may hold. */
const MOST_TEXT = 32 * 2 ** 20;

/** A whole page. `facts`: rows of what is known of the session, shown as text. */
export function recordingPage(tape: Tape, facts: readonly (readonly [string, string])[]): string {
  const script = `'use strict';\n${NODES_JS}\n${playerScript()}\n${RECORDING_JS}`;
  const title = 'Recorded session';
  let size = 0;
  const events = tape.events
    .filter(({ data }) => {
      size += data.length;
      return size <= MOST_TEXT;
    })
    .map(({ at, code, data }) => [at, code, data]);
  const data = {
    facts,
    cut: tape.cut || size > MOST_TEXT,
    cast: { columns: tape.columns, rows: tape.rows, events },
    marks: tape.marks.map(({ at, label }) => [at, label]),
  };
  return `${head({ title, about: ABOUT, skip: 'Skip to the recording', script })}${foot(data, script)}`;
}
