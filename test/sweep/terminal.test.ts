// Sweeps at a terminal: what is on the screen while they go on, and after Ctrl-C.

import { describe, expect, it } from 'vitest';
import { hasTerminals, Terminal } from '../support/terminal.ts';
import { ToySweep } from './support/toy_sweeps.ts';

const withoutHashes = (line: string) => line.replaceAll(/-[0-9a-f]{12}/g, '');

describe.skipIf(!hasTerminals)('cookbook sweep at a terminal', { timeout: 120_000 }, () => {
  it('shows seed and loss in 60 columns, and leaves a clean screen after Ctrl-C', async () => {
    const sweep = await ToySweep.create('grid: {fate: [wait], size: [1, 2, 3]}\nexecution: {max_concurrency: 1}\n');
    const terminal = new Terminal(['sweep', 'sweep.yaml'], { cwd: sweep.directory, columns: 60 });
    await terminal.shows('fate=wait,size=1,seed=0  1/4  nll 1');
    await sweep.untilWaiting(1);
    terminal.type('\u0003');
    expect(await terminal.ended()).toBe(3);
    expect(terminal.lines().map(withoutHashes).join('\n')).toMatchInlineSnapshot(`
      "started fate=wait,size=1,seed=0
      stopping: runs finish their step and save a checkpoint; a
        second signal ends them at once
      interrupted fate=wait,size=1,seed=0

      0 of 3 runs are finished, 1 interrupted, 2 not started

        directory  runs/toy

        cookbook sweep sweep.yaml  run what is missing
        cookbook report runs/toy   compare the configurations
      "
    `);
  });

  it('leaves the results above the last screen', async () => {
    const sweep = await ToySweep.create('grid: {rate: [0.1, 0.3]}\nobjective: {metric: test/nll, goal: minimize}\n');
    const terminal = new Terminal(['sweep', 'sweep.yaml'], { cwd: sweep.directory });
    expect(await terminal.ended()).toBe(0);
    const lines = terminal
      .lines()
      .map(withoutHashes)
      .join('\n')
      .replaceAll(/ in \d+s(?=,|$)/gm, '');
    expect(lines).toMatchInlineSnapshot(`
      "started rate=0.1,seed=0
      [1/2] done rate=0.1,seed=0: test/nll 0.04, best so far
      started rate=0.3,seed=0
      [2/2] done rate=0.3,seed=0: test/nll 0, best so far

      2 of 2 runs are finished

        best      rate=0.3
        test/nll  0 (1 seed)

        directory  runs/toy

        cookbook report runs/toy  compare the configurations
      "
    `);
  });
});
