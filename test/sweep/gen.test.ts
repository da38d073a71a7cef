import { writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { MALFORMED } from './malformed.ts';
import { complaints, sweepWorkspace } from './support/sweeps.ts';

test('gen', async () => {
  const out: [string, string][] = [];
  for (const { name, yaml, files = {}, overrides } of MALFORMED) {
    const directory = await sweepWorkspace('', { ...files, 'sweep.yaml': yaml });
    let message: string;
    try {
      message = await complaints(directory, { overrides });
    } catch (e) {
      message = 'THROWN ' + (e instanceof Error ? e.stack : String(e));
    }
    out.push([name, message]);
  }
  writeFileSync('/tmp/gen.json', JSON.stringify(out));
  writeFileSync('/tmp/gen.txt', out.map(([n, m]) => `## ${n}\n${m}`).join('\n'));
});
