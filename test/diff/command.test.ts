import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diffCommand } from '../../src/diff/command.ts';
import { partingOf } from '../../src/diff/parting.ts';
import { parseTolerance } from '../../src/diff/tolerance.ts';
import { type Line, temporaryDirectory, writePythonRun, writeRun } from '../report/run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
});
afterEach(() => remove());

const notices: string[] = [];
const diff = (a: string, b: string, options: { tolerance?: string; all?: boolean } = {}) =>
  diffCommand({
    runs: [a, b],
    cwd,
    tolerance: options.tolerance,
    all: options.all ?? false,
    width: Number.POSITIVE_INFINITY,
    notify: (notice) => notices.push(notice),
  });

const falling = (rate: number): Line[] =>
  Array.from({ length: 12 }, (_, step) => ({
    step,
    train_mean_nll: step < 3 ? 2 - step / 10 : 2 - (step / 10) * rate,
    ...(step % 4 === 0 ? { 'test/nll': 2.5 - (step / 20) * rate } : {}),
    'time/total': 1,
  }));

describe('cookbook diff', () => {
  it('shows the fields that differ, the metrics side by side, and where the curves part', async () => {
    const headline = [{ metric: 'test/nll', goal: 'minimize' as const, label: 'test loss' }];
    const shared = { headline, spec: { batch_size: 8 } };
    writeRun(join(cwd, 'a'), { ...shared, axes: { learning_rate: 0.001 }, metrics: falling(1) });
    writeRun(join(cwd, 'b'), {
      ...shared,
      axes: { learning_rate: 0.01, lora_rank: 16 },
      seed: 1,
      metrics: falling(1.02),
    });
    const { text } = await diff('a', 'b');
    expect(`\n${text.replaceAll(cwd, '/home/ada').replaceAll(/─{25,}/g, '─')}\n`).toMatchInlineSnapshot(`
      "
      a: a (done, step 12 of 40)
      b: b (done, step 12 of 40)

      what decides the result  a          b
      ───────────────────────  ─────────  ────
      learning_rate            0.001      0.01
      lora_rank                not there  16
      seed                     0          1

      where and how it ran  a                              b
      ────────────────────  ─  ─
      log_path              /home/ada/a  /home/ada/b

      metric             first   last        best  curve
      ──────────────  ─  ─────  ─────  ──────────  ────────────
      test/nll        a    2.5    2.1    2.1 at 8  ████▄▄▄▄▁
                      b    2.5  2.092  2.092 at 8  ████▄▄▄▄▁
      train_mean_nll  a      2    0.9              ██▇▆▆▅▄▃▃▂▁▁
                      b      2  0.878              ██▇▆▆▅▄▃▃▂▁▁

      where the curves part  shared steps  differ  by more than 1 %
      ─────────────────────  ────────────  ──────  ────────────────
      test/nll                          3  step 4             never
      train_mean_nll                   12  step 3            step 7

      1 more metric: --all
      "
    `);
  });

  it('marks the defaults of fields that decide the result', async () => {
    const spec = { batch_size: 8 };
    const a = writeRun(join(cwd, 'a'), { spec });
    const b = writeRun(join(cwd, 'b'), { spec: { ...spec, weight_decay: 0.1 } });
    const record = JSON.parse(readFileSync(join(a, 'run.json'), 'utf8'));
    record.spec.weight_decay = 0;
    writeFileSync(join(a, 'run.json'), JSON.stringify(record));
    const { json } = await diff(a, b);
    expect(json).toMatchObject({
      identity: [
        {
          field: 'weight_decay',
          values: [
            { value: 0, is_default: true, is_there: true },
            { value: 0.1, is_default: false, is_there: true },
          ],
        },
      ],
      runtime: [{ field: 'log_path' }],
    });
  });

  it('compares runs of the Python cookbook, and one of them with one of ours', async () => {
    writePythonRun(join(cwd, 'p'), { model_name: 'm', learning_rate: 1e-4, log_path: '/tmp/p' }, falling(1));
    writePythonRun(join(cwd, 'q'), { model_name: 'm', learning_rate: 2e-4, log_path: '/tmp/q' }, falling(1));
    writeRun(join(cwd, 'ours'), { metrics: falling(1) });
    const { json } = await diff('p', 'q');
    expect(json).toMatchObject({ identity: [{ field: 'learning_rate' }], runtime: [{ field: 'log_path' }] });
    expect((await diff('p', 'q')).text).toContain('never');
    expect((await diff('p', 'ours')).text).toContain('not there');
  });

  it('says that equal runs are equal', async () => {
    writeRun(join(cwd, 'a'), { metrics: falling(1) });
    expect(`\n${(await diff('a', 'a')).text}\n`).toMatchInlineSnapshot(`
      "
      a: a (done, step 12 of 40)
      b: a (done, step 12 of 40)

      nothing in the specs that decides the result differs

      metric             first  last       best  curve
      ──────────────  ─  ─────  ────  ─────────  ────────────
      test/nll        a    2.5   2.1   2.1 at 8  ████▄▄▄▄▁
                      b    2.5   2.1   2.1 at 8  ████▄▄▄▄▁
      train_mean_nll  a      2   0.9  0.9 at 11  ██▇▆▆▅▄▃▃▂▁▁
                      b      2   0.9  0.9 at 11  ██▇▆▆▅▄▃▃▂▁▁

      where the curves part  shared steps  differ  by more than 1 %
      ─────────────────────  ────────────  ──────  ────────────────
      test/nll                          3   never             never
      train_mean_nll                   12   never             never

      1 more metric: --all
      "
    `);
  });

  it('shows codes of a hostile run escaped', async () => {
    writeRun(join(cwd, 'a'), { spec: { note: '\u001b[31mred' }, metrics: [{ step: 0, '\u001b[2Jx': 1 }] });
    writeRun(join(cwd, 'b'), {});
    const { text } = await diff('a', 'b');
    expect(text).not.toContain('\u001b');
    expect(text).toContain('\\u001b[31mred');
  });

  it('refuses what is no run, and names runs that are in it', async () => {
    writeRun(join(cwd, 'runs/a'), {});
    await expect(diff('runs', 'runs/a')).rejects.toMatchObject({
      message: 'runs: not a run directory',
      hint: 'There are runs in it, such as runs/a.',
    });
    await expect(diff('runs/a', 'runs/b')).rejects.toThrow('no such directory');
  });

  it('parts later the more may differ, and leaves out no metric where all are asked for', async () => {
    writeRun(join(cwd, 'a'), { metrics: falling(1) });
    writeRun(join(cwd, 'b'), { metrics: falling(1.02) });
    const stepOf = async (tolerance: string) => (await diff('a', 'b', { tolerance })).json;
    expect(await stepOf('0')).toMatchObject({
      metrics: expect.arrayContaining([expect.objectContaining({ metric: 'train_mean_nll', parts_beyond_at: 3 })]),
    });
    expect(await stepOf('1')).toMatchObject({
      metrics: expect.arrayContaining([expect.objectContaining({ metric: 'train_mean_nll', parts_beyond_at: null })]),
    });
    expect((await diff('a', 'b', { all: true })).text).toContain('time/total');
    await expect(diff('a', 'b', { tolerance: '3' })).rejects.toThrow('between 0 and 1');
  });

  it('takes a tolerance between 0 and 1', () => {
    expect(parseTolerance('0.05')).toBe(0.05);
    for (const wrong of ['', '-1', '2', 'x', 'NaN']) expect(() => parseTolerance(wrong)).toThrow('between 0 and 1');
  });
});

describe('where two curves part', () => {
  const point = fc.record({
    step: fc.nat(20),
    value: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom('NaN', 'Infinity')),
  });
  const curve = fc
    .uniqueArray(point, { selector: ({ step }) => step })
    .map((points) => points.sort((a, b) => a.step - b.step));

  it('is the first shared step at which they are not the same, and never after the one at which they differ by more', () => {
    fc.assert(
      fc.property(curve, curve, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, tolerance) => {
        const { parts_at, parts_beyond_at, shared_steps } = partingOf(a, b, tolerance);
        const shared = a.filter(({ step }) => b.some((other) => other.step === step));
        expect(shared_steps).toBe(shared.length);
        const differing = shared.find(({ step, value }) => b.find((other) => other.step === step)?.value !== value);
        expect(parts_at).toBe(differing?.step ?? null);
        if (parts_beyond_at !== null)
          expect(parts_beyond_at).toBeGreaterThanOrEqual(parts_at ?? Number.POSITIVE_INFINITY);
        expect(partingOf(b, a, tolerance)).toMatchObject({ parts_at, parts_beyond_at, shared_steps });
        expect(partingOf(a, a, 0)).toMatchObject({ parts_at: null, parts_beyond_at: null });
      }),
    );
  });
});
