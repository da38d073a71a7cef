// Runs at a terminal: the question what to do about another run, and that the process ends once it is answered.

import { cp, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cookbook } from '../support/cli.ts';
import { hasTerminals, Terminal } from '../support/terminal.ts';

const PLUGIN = new URL('../sweep/support/toy_plugin.mjs', import.meta.url);

async function workspace(): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'cookbook-terminal-')));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  await cp(PLUGIN, join(directory, 'toy_plugin.mjs'));
  const spec = 'trainer: toy\nplugins: [toy_plugin.mjs]\nservice: none\nlog_path: there\nmax_steps: 2\n';
  await writeFile(join(directory, 'spec.yaml'), spec);
  return directory;
}

describe.skipIf(!hasTerminals)('cookbook run at a terminal', () => {
  it('ends after the question about another run is answered', async () => {
    const cwd = await workspace();
    expect(await cookbook(['run', 'spec.yaml'], { cwd })).toMatchObject({ code: 0 });
    const terminal = new Terminal(['run', 'spec.yaml', 'rate=0.2'], { cwd });
    await terminal.shows('[a]bort? ');
    terminal.type('delete\n');
    expect(await terminal.ended()).toBe(0);
    expect(terminal.screen).toContain('there is done after 2 steps');
  });

  it('ends when the question is answered with Ctrl-C or an abort, and changes nothing', async () => {
    const cwd = await workspace();
    expect(await cookbook(['run', 'spec.yaml'], { cwd })).toMatchObject({ code: 0 });
    for (const typed of ['\u0003', 'a\n']) {
      const terminal = new Terminal(['run', 'spec.yaml', 'rate=0.2'], { cwd });
      await terminal.shows('[a]bort? ');
      terminal.type(typed);
      expect(await terminal.ended()).toBe(2);
      expect(terminal.screen).toContain('nothing was changed');
    }
  });
});
