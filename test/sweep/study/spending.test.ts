// What the runs of a study have cost.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Spending } from '../../../src/sweep/study/spending.ts';

async function runWith(...rows: object[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cookbook-spending-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'metrics.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return directory;
}

it('adds what runs have cost by their last rows, a run that has gone on once', async () => {
  const spending = new Spending();
  spending.add('a', await runWith({ step: 0, 'cost/total': 0.25 }), 10);
  spending.add('a', await runWith({ step: 0, 'cost/total': 0.25 }, { step: 1, 'cost/total': 0.5 }), 10);
  spending.add('b', await runWith({ step: 0, 'cost/total': 1 }), 10);
  expect(spending.dollars).toBe(1.5);
});

it('says once that runs tell no cost, where somebody asks for a limit', async () => {
  const spending = new Spending();
  const directory = await runWith({ step: 0, loss: 1 });
  expect(spending.add('a', directory, null)).toBeNull();
  expect(spending.add('a', directory, 2)).toContain('max_cost (2) ends nothing');
  expect(spending.add('b', directory, 2)).toBeNull();
});
