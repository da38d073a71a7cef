// What is seen of a run from outside, by its files alone.

import { appendFile, mkdir, mkdtemp, realpath, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { MetricsFile } from '../../src/run_files/metrics_log.ts';
import { pendingStatus, writeStatus } from '../../src/run_files/status.ts';
import { type RunChange, watchRun } from '../../src/run_files/watch.ts';

const NEVER = new AbortController().signal;

/** A run directory that is watched, and what was seen: `3/10 running`, `rows 0,1`, `anew 0`, or what is wrong. */
async function watched({ isThere = true, newestBytes = Number.POSITIVE_INFINITY, before = '' } = {}) {
  const directory = join(await realpath(await mkdtemp(join(tmpdir(), 'cookbook-watch-'))), 'run');
  if (isThere) await mkdir(directory);
  if (before !== '') await writeFile(join(directory, 'metrics.jsonl'), before);
  const seen: string[] = [];
  const watch = watchRun(directory, (change) => seen.push(described(change)), { newestBytes });
  onTestFinished(async () => {
    await watch.close();
    await rm(join(directory, '..'), { recursive: true, force: true });
  });
  const until = async (text: string) => {
    while (!seen.includes(text)) await sleep(5);
  };
  return { directory, log: join(directory, 'metrics.jsonl'), seen, until, close: () => watch.close() };
}

function described(change: RunChange): string {
  if (change.type === 'problem') return change.message;
  if (change.type === 'status') return `${change.status.step}/${change.status.total_steps} ${change.status.state}`;
  return `${change.anew ? 'anew' : 'rows'} ${change.rows.map(({ step }) => step).join(',')}`;
}

const row = (step: number, metrics: object = {}) => `${JSON.stringify({ step, ...metrics })}\n`;

it('tells of a run from before there is a directory to its end', async () => {
  const { directory, log, seen, until, close } = await watched({ isThere: false });
  await mkdir(directory);
  await writeStatus(directory, { ...pendingStatus(), state: 'running', total_steps: 3 });
  await until('0/3 running');
  await writeFile(log, row(0) + row(1));
  await until('rows 0,1');
  await appendFile(log, row(2));
  await writeStatus(directory, { ...pendingStatus(), state: 'done', total_steps: 3, step: 3 });
  await close();
  expect(seen).toEqual(['0/3 running', 'rows 0,1', ...seen.slice(2)]);
  expect(seen.slice(2).sort()).toEqual(['3/3 done', 'rows 2']);
});

it('passes over all but the end of a log that is there, and over the line that it is cut in', async () => {
  const before = Array.from({ length: 1000 }, (_, step) => row(step)).join('');
  const { log, seen, until, close } = await watched({ before, newestBytes: 30 });
  await until('rows 998,999');
  await appendFile(log, row(1000));
  await until('rows 1000');
  await close();
  expect(seen).toEqual(['rows 998,999', 'rows 1000']);
});

it('passes over the whole of a line that is longer than that end', async () => {
  const { log, seen, until, close } = await watched({
    before: row(0) + row(1, { text: 'x'.repeat(500) }).slice(0, -1),
    newestBytes: 40,
  });
  await sleep(50);
  await appendFile(log, `\n${row(2)}`);
  await until('rows 2');
  await close();
  expect(seen).toEqual(['rows 2']);
});

it('waits for the end of a line that is being written', async () => {
  const { log, seen, until, close } = await watched();
  await writeFile(log, `${row(0)}{"step":1,"na`);
  await until('rows 0');
  await appendFile(log, 'me":"é"}\n{"st');
  await until('rows 1');
  // What a kill has left of a line goes when the run resumes.
  await truncate(log, Buffer.byteLength(row(0) + row(1, { name: 'é' })));
  await appendFile(log, row(2));
  await until('rows 2');
  await close();
  expect(seen).toEqual(['rows 0', 'rows 1', 'rows 2']);
});

it('begins anew with a log that was cut back to a checkpoint', async () => {
  const { directory, seen, until } = await watched();
  const metrics = await MetricsFile.open(directory, NEVER);
  for (const step of [0, 1, 2]) await metrics.append(step, { loss: 1 });
  await until('rows 0,1,2');
  await metrics.rewind(1);
  await until('anew 0');
  await metrics.append(1, { loss: 0.5 });
  await until('rows 1');
  metrics.close();
  expect(seen).toEqual(['rows 0,1,2', 'anew 0', 'rows 1']);
});

it('knows a log that was cut back and has grown past the old end before anybody looked', async () => {
  const { directory, log, seen, until } = await watched();
  await writeFile(log, row(0, { loss: 1 }) + row(1, { loss: 2 }));
  await until('rows 0,1');
  await writeFile(join(directory, 'other'), row(0, { loss: 3 }) + row(1, { loss: 4 }) + row(2, { loss: 5 }));
  await rename(join(directory, 'other'), log);
  await until('anew 0,1,2');
  // In place, in the same file: the bytes before the old end are others.
  await writeFile(log, row(0, { loss: 6 }) + row(1, { loss: 7 }) + row(2, { loss: 8 }) + row(3, { loss: 9 }));
  await until('anew 0,1,2,3');
  expect(seen.slice(0, 2)).toEqual(['rows 0,1', 'anew 0,1,2']);
});

it('tells once of what cannot be read, and goes on with what can', async () => {
  const { directory, log, seen, until, close } = await watched();
  await writeFile(join(directory, 'status.json'), '{}');
  await writeFile(log, `${row(0)}no row\n${row(2)}`);
  await until('rows 0,2');
  await appendFile(log, row(3));
  await until('rows 3');
  await close();
  expect(seen.filter((text) => !text.startsWith('rows'))).toEqual([
    expect.stringContaining('status.json: '),
    'metrics.jsonl: lines are damaged',
  ]);
});

it('passes over a line that is too long, and reads on', async () => {
  const { log, seen, until } = await watched();
  await writeFile(log, `${'x'.repeat(20 * 2 ** 20)}\n${row(0)}`);
  await until('rows 0');
  expect(seen.filter((each) => each !== 'metrics.jsonl: lines are damaged')).toEqual(['rows 0']);
});
