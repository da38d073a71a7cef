// What a loop inherits from the journal: resuming, saving when due, stopping, headlines; and what it refuses to go on from.

import { appendFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listCheckpoints } from '../../src/run_files/checkpoint_log.ts';
import { readRunRecord } from '../../src/run_files/directory.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { execute, lengthen, prepare, remains } from './support/second_run.ts';

async function prepared(fields = {}): Promise<string> {
  const directory = join(await temporaryDirectory(), 'run');
  await prepare(directory, fields);
  return directory;
}

const names = async (directory: string) => (await listCheckpoints(directory)).map(({ name }) => name);

describe('a run on the journal', () => {
  it('tells its course, and what it has learned by its headline', async () => {
    const directory = await prepared({ max_steps: 4 });
    const { status, events } = await execute(directory);
    expect(events.map(({ type }) => type)).toEqual(
      'attempt started evaluation step checkpoint step checkpoint evaluation step checkpoint step checkpoint evaluation finished'.split(
        ' ',
      ),
    );
    expect(events.at(-2)).toMatchObject({ type: 'evaluation', step: 4, final: true });
    expect(status).toMatchObject({
      state: 'done',
      step: 4,
      learned: [{ metric: 'test/distance', before: 2 }],
      sampler_path: 'tinker://local/sampler_weights/final',
    });
    expect((await readRunRecord(directory)).headline).toEqual([
      { metric: 'test/distance', goal: 'minimize', label: 'distance' },
      { metric: 'loss', goal: 'minimize', label: 'loss' },
    ]);
    const rows = (await readFile(join(directory, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(rows.map((row) => Object.keys(JSON.parse(row)).join(' '))).toEqual([
      'step at share loss num_tokens test/distance',
      'step at share loss num_tokens',
      'step at share loss num_tokens test/distance',
      'step at share loss num_tokens',
      'step at share test/distance',
    ]);
    expect(rows.map((row) => JSON.parse(row).at)).toEqual([0, 1, 2, 3, 4]);
    expect(rows.map((row) => JSON.parse(row).share)).toEqual([0.25, 0.5, 0.75, 1, 1]);
  });

  it('stops when asked, with a checkpoint, and goes on to the same end with its own state', async () => {
    const directory = await prepared({ save_every: 0, rolling_save_every: 0 });
    const whole = await prepared({ save_every: 0, rolling_save_every: 0 });
    await execute(whole);
    const { status } = await execute(directory, 2);
    expect(status.state).toBe('interrupted');
    expect(await names(directory)).toHaveLength(1);
    expect((await execute(directory)).status.state).toBe('done');
    const [there, expected] = [await remains(directory), await remains(whole)];
    expect({ ...there, checkpoints: '', files: [] }).toEqual({ ...expected, checkpoints: '', files: [] });
  });

  it('ends as diverged when its loss is no number, and logs nothing that was submitted behind it', async () => {
    const directory = await prepared({ max_steps: 9, rate: 1e200, save_every: 0 });
    const { status } = await execute(directory);
    expect(status.state).toBe('diverged');
    const rows = (await readFile(join(directory, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(rows).toHaveLength(status.step);
    expect(JSON.parse(rows.at(-1) ?? '').loss).toMatch(/NaN|Infinity/);
  });

  it.each([
    ['a checkpoint on the way', { max_steps: 9, save_every: 1 }],
    ['a rolling one', { max_steps: 9, save_every: 0, rolling_save_every: 1 }],
    ['the last one', { max_steps: 1, save_every: 0, rolling_save_every: 0 }],
  ])('ends as diverged when there is nothing to save: %s', async (_, fields) => {
    const directory = await prepared({ ...fields, rate: 1e260, submit_ahead: 0 });
    const { status, events } = await execute(directory);
    expect(status).toMatchObject({ state: 'diverged', step: 1, sampler_path: null });
    expect(events).toContainEqual({ type: 'notice', message: 'the number is not saved' });
    expect(await names(directory)).toEqual([]);
  });

  it('that is made longer never gives the name of a checkpoint to other contents while its record stands', async () => {
    const directory = await prepared({ max_steps: 2, save_every: 0, rolling_save_every: 0 });
    await execute(directory);
    await lengthen(directory, { max_steps: 4, save_every: 0, rolling_save_every: 0 });
    const { events } = await execute(directory);
    const saved = events.flatMap((event) => (event.type === 'checkpoint' ? [event.record.name] : []));
    expect(saved).toEqual(['000002', 'final']);
    expect(await names(directory)).toEqual(['final']);
    expect(await readdir(join(directory, 'checkpoints/weights'))).toEqual(['final']);
  });

  it('tidies what kills have left behind', async () => {
    const directory = await prepared({ submit_ahead: 0 });
    await execute(directory, 3);
    const leftovers = [
      'run.json.tmp-0123456789ab',
      'lease.tmp-0123456789ab',
      'lease.after-x',
      'status.json.tmp-0123456789ab',
    ];
    for (const name of leftovers) await writeFile(join(directory, name), '');
    const weights = join(directory, 'checkpoints/weights');
    for (const name of ['000001', '000009', '000004.1.tmp', 'final', 'final.2.old.tmp', 'mine']) {
      await mkdir(join(weights, name), { recursive: true });
    }
    await execute(directory, 4);
    expect((await readdir(directory)).filter((name) => /tmp|after/.test(name))).toEqual([]);
    expect(await readdir(weights)).toEqual([...(await names(directory)), 'mine']);
  });
});

describe('a run is not resumed', () => {
  const rows = 'metrics.jsonl';
  const change = async (directory: string, name: string, edit: (text: string) => string) => {
    const path = join(directory, name);
    await writeFile(path, edit(await readFile(path, 'utf8')));
  };
  const DAMAGE: [string, (directory: string) => Promise<unknown>, string][] = [
    [
      'from a file with a flipped bit',
      (directory) => change(directory, 'checkpoints/weights/000003/number.json', (text) => text.replace('1', '3')),
      'checkpoints/weights/000003/number.json: it is not the file that checkpoint 000003 was saved with',
    ],
    [
      'from the files of another step',
      (directory) =>
        cp(join(directory, 'checkpoints/weights/000002'), join(directory, 'checkpoints/weights/000003'), {
          recursive: true,
        }),
      'checkpoints/weights/000003/number.json: it is not the file that checkpoint 000003 was saved with',
    ],
    [
      'without its files',
      (directory) => rm(join(directory, 'checkpoints/weights/000003/number.json')),
      'checkpoints/weights/000003/number.json: it is missing from checkpoint 000003',
    ],
    [
      'from a record that was edited',
      (directory) =>
        change(directory, 'checkpoints.jsonl', (text) => text.replace('"elapsed_tokens":30', '"elapsed_tokens":20')),
      'checkpoints.jsonl: the line of checkpoint 000003 is not the one that was written',
    ],
    [
      'without one of its rows',
      (directory) => change(directory, rows, (text) => text.replace(/.*"step":1,.*\n/, '')),
      'metrics.jsonl: the row of step 1 is missing',
    ],
    [
      'without its last row',
      (directory) => change(directory, rows, (text) => text.replace(/.*"step":2,(.*\n)*/, '')),
      'metrics.jsonl: the row of step 2 is missing',
    ],
    [
      'with a row twice',
      (directory) => change(directory, rows, (text) => text.replace(/(.*"step":1,.*\n)/, '$1$1')),
      'metrics.jsonl: step 1 has two rows',
    ],
    [
      'with a row that was edited',
      (directory) => change(directory, rows, (text) => text.replace('"loss":1.2', '"loss":1.3')),
      'metrics.jsonl: the rows before checkpoint 000003 are not those that were logged',
    ],
  ];

  it.each(DAMAGE)('%s', async (_, damage, message) => {
    const directory = await prepared({ save_every: 1, submit_ahead: 0 });
    await execute(directory, 2);
    expect(await names(directory)).toEqual(['000001', '000002', '000003']);
    await damage(directory);
    const { status } = await execute(directory);
    expect(status).toMatchObject({ state: 'failed', error: { code: 'DATA_FORMAT' } });
    expect(status.error?.message.split('/run/').at(-1)).toBe(message);
  });

  it('but a last line that was cut short is no damage', async () => {
    const directory = await prepared({ save_every: 1, submit_ahead: 0 });
    await execute(directory, 2);
    await appendFile(join(directory, rows), '{"step":3,"lo');
    await appendFile(join(directory, 'checkpoints.jsonl'), '{"name":"0000');
    expect((await execute(directory)).status.state).toBe('done');
  });
});
