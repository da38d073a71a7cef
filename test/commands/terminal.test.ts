// What a command says on a terminal is broken between words, whatever it is.

import { describe, expect, it } from 'vitest';
import { DATA, spec, workspace } from '../spec/workspace.ts';
import { hasTerminals, Terminal } from '../support/terminal.ts';

describe.skipIf(!hasTerminals)('on a terminal of 50 columns', () => {
  it.each([
    [['chat', 'nowhere', '-m', 'hello'], 'a known error with its hint'],
    [['validate', 'run.yaml'], 'a diagnostic'],
    [['export', 'done'], 'a wrong use'],
    [['plan', 'sweep.yaml'], 'the names of runs'],
  ])('"cookbook %j": %s', async (words) => {
    const directory = await workspace({
      ...DATA,
      'run.yaml': spec('learnin_rate: 0.001'),
      'base.yaml': spec(),
      'sweep.yaml':
        'base: base.yaml\nlog_path: runs/sweep\ngrid: {learning_rate: [1e-3], lora_rank: [4], dataset.batch_size: [8]}\n',
    });
    const terminal = new Terminal(words, { cwd: directory, columns: 50 });
    await terminal.ended();
    const text = terminal.lines().join('\n');
    expect(text).toMatchSnapshot();
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(50);
  });
});
