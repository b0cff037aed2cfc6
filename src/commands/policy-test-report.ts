// Results of policy examples as other programs read them: TAP version 13 and JUnit XML. Pure; text of files is made inert.
import { visible } from '../lib/visible.ts';
import type { Result } from './policy-examples.ts';

const title = ({ name, place }: Result): string => visible(name === '' ? place : name).replaceAll('\n', ' ');

/** In a TAP description, `#` begins a directive and a backslash escapes. */
const tapText = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('#', '\\#');

function tapPoint(result: Result, index: number): string {
  const { place, problem } = result;
  const head = `${problem === undefined ? 'ok' : 'not ok'} ${index + 1} - ${tapText(title(result))}\n`;
  if (problem === undefined) return head;
  const facts = [
    ['at', place],
    ['message', problem],
  ].map(([name, value]) => `  ${name}: ${JSON.stringify(visible(value ?? ''))}\n`);
  return `${head}  ---\n${facts.join('')}  ...\n`;
}

/** https://testanything.org/tap-version-13-specification.html */
export function tap(results: readonly Result[]): string {
  return `TAP version 13\n1..${results.length}\n${results.map(tapPoint).join('')}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\t': '&#9;',
};

const xml = (text: string): string =>
  visible(text, { multiline: true }).replace(/[&<>"\n\t]/g, (character) => ENTITIES[character] ?? '');

function junitCase(result: Result): string {
  const { place, problem } = result;
  const [file = '', line = ''] = place.split(/:(\d+):\d+$/);
  const head = `  <testcase classname="policy" name="${xml(title(result))}" file="${xml(file)}"${line === '' ? '' : ` line="${line}"`}`;
  if (problem === undefined) return `${head}/>\n`;
  return `${head}>\n    <failure message="${xml(problem)}">${xml(`${place}\n${problem}`)}</failure>\n  </testcase>\n`;
}

/** The shape that CI systems read: one suite, one case an example. */
export function junit(results: readonly Result[]): string {
  const failures = results.filter(({ problem }) => problem !== undefined).length;
  const counts = `tests="${results.length}" failures="${failures}" errors="0" skipped="0"`;
  const cases = results.map(junitCase).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n<testsuite name="broker policy test" ${counts}>\n${cases}</testsuite>\n</testsuites>\n`;
}
