import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPolicy } from '../../src/agent/policy-files.ts';
import { readPolicies } from '../../src/commands/policy-source.ts';
import { loadPolicies } from '../../src/flow/decide/index.ts';

describe('the names of policy files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'policy-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** The same policy on another machine: one file beside the configuration, and a folder of two. */
  function machine(home: string): string[] {
    const at = join(folder, home, 'broker');
    mkdirSync(join(at, 'more.d'), { recursive: true });
    const cedar = 'permit (principal, action, resource);\n';
    for (const name of ['policy.cedar', 'more.d/a.cedar', 'more.d/b.cedar'])
      writeFileSync(join(at, name), cedar);
    return [join(at, 'policy.cedar'), join(at, 'more.d')];
  }

  it('are the same on every machine, so that the digest is, for the agent and for `policy check`', async () => {
    const [here, there] = [machine('alice'), machine('somewhere/else/bob')];
    const mine = await readPolicy(here);
    expect(Object.keys(mine.files).sort()).toEqual(['a.cedar', 'b.cedar', 'policy.cedar']);
    const digests = new Set<string>();
    for (const text of [mine, await readPolicy(there), await readPolicies(here), await readPolicies(there)])
      digests.add((await loadPolicies(text)).digest);
    expect(digests.size).toBe(1);
  });

  it('tell files apart that are called alike, by as few folders as that takes', async () => {
    const [file = ''] = machine('one');
    const [other = ''] = machine('two');
    const { files } = await readPolicy([file, other]);
    expect(Object.keys(files).sort()).toEqual(['one/broker/policy.cedar', 'two/broker/policy.cedar']);
  });

  it('count a file once that is named twice', async () => {
    const [, more = ''] = machine('one');
    const { files } = await readPolicy([more, join(more, 'a.cedar')]);
    expect(Object.keys(files).sort()).toEqual(['a.cedar', 'b.cedar']);
  });

  it('give way to the whole path where a person must find a mistake', async () => {
    const [file = ''] = machine('one');
    writeFileSync(file, 'permit (principal, action, resource)');
    const error = await loadPolicies(await readPolicy([file])).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'policy-invalid' });
    expect((error as Error & { details: { problems: string } }).details.problems).toContain(`${file}:1:`);
  });
});
