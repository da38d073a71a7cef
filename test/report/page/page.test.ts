import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePage } from '../../../src/report/page/make_page.ts';
import type { PageData } from '../../../src/report/page/page_data.ts';
import { shownAsCodes, writePage } from '../../../src/report/page/write_page.ts';
import { lossCurve, temporaryDirectory, writePythonRun, writeRun, writeSweep, writeText } from '../run_directories.ts';

const objective = { metric: 'test/nll', goal: 'minimize', at: 'last' } as const;

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
});
afterEach(() => remove());

const page = (directories = ['runs']): Promise<PageData> => makePage({ directories, cwd });

/** One run for each value that it ends with. */
function writeConfiguration(lr: number, ends: readonly number[], options: Parameters<typeof writeRun>[1] = {}): void {
  for (const [seed, end] of ends.entries()) {
    const directory = join(writeSweep(join(cwd, 'runs/grid')), `lr=${lr},seed=${seed}`);
    writeRun(directory, { axes: { lr }, seed, objective, metrics: lossCurve(3, end - 0.25), ...options });
  }
}

describe('the answer of a page', () => {
  it('tells a lead that seeds do not explain from one that they do', async () => {
    writeConfiguration(1, [1, 1.02, 1.04]);
    writeConfiguration(2, [2, 2.02, 2.04]);
    const far = (await page()).studies[0]?.answer;
    expect(far?.best.map(({ settings }) => settings)).toEqual([[{ field: 'lr', value: '1' }]]);
    expect(far?.lead).toMatchObject({ exceedsSpread: true });
    expect(far?.lead?.by).toBeCloseTo(1);
    writeConfiguration(3, [1.01, 1.03, 1.06]);
    expect((await page()).studies[0]?.answer.lead).toMatchObject({ exceedsSpread: false });
  });

  it('does not know of single seeds whether they explain it', async () => {
    writeConfiguration(1, [1]);
    writeConfiguration(2, [2]);
    expect((await page()).studies[0]?.answer.lead).toMatchObject({ interval: null, exceedsSpread: null });
  });

  it('does not know it either where the seeds of neither differ at all', async () => {
    writeConfiguration(1, [1, 1]);
    writeConfiguration(2, [2, 2]);
    expect((await page()).studies[0]?.answer.lead).toMatchObject({ by: 1, exceedsSpread: null });
    await writePage({ directories: ['runs'], cwd }, join(cwd, 'a.html'));
    const text = readFileSync(join(cwd, 'a.html'), 'utf8');
    expect(text).toContain('The seeds did not differ at all');
    expect(text).toContain('several seeds, which do not differ: how much seeds vary is not known');
  });

  it('calls runs that are grouped by fields runs, and seeds seeds', async () => {
    writeConfiguration(1, [1, 1.02]);
    writeConfiguration(2, [2, 2.02]);
    const text = async (groupBy?: string[]) => {
      await writePage({ directories: ['runs'], cwd, groupBy }, join(cwd, 'a.html'));
      return readFileSync(join(cwd, 'a.html'), 'utf8');
    };
    const seeds = /over 2 seeds; 95 %|more than seeds vary|mean ± sd over seeds/g;
    const runs = /over 2 runs; 95 %|more than runs vary|mean ± sd over runs/g;
    expect([(await text()).match(seeds)?.length, (await text()).match(runs)]).toEqual([3, null]);
    expect([(await text(['lr'])).match(seeds), (await text(['lr'])).match(runs)?.length]).toEqual([null, 3]);
  });

  it('tells several seeds that still run from a single one', async () => {
    writeConfiguration(1, [1, 1.1, 1.2], { state: 'running', lease: 'live' });
    const text = async () => {
      await writePage({ directories: ['runs'], cwd }, join(cwd, 'a.html'));
      return readFileSync(join(cwd, 'a.html'), 'utf8');
    };
    expect(await text()).toContain('so far, mean ± sd over seeds that have not ended');
    for (const seed of [1, 2]) {
      rmSync(join(cwd, `runs/grid/lr=1,seed=${seed}`), { recursive: true });
      writeRun(join(cwd, `runs/grid/lr=1,seed=${seed}`), { axes: { lr: 1 }, seed, state: 'running', lease: 'live' });
    }
    expect(await text()).toContain('so far, one seed: how much seeds vary is not known');
  });

  it('names every run that ended badly, and hides none behind a mean', async () => {
    writeConfiguration(1, [1, 1.1]);
    writeConfiguration(2, [0.5], { state: 'diverged' });
    const [study] = (await page()).studies;
    expect(study?.answer.problems.map(({ problem, run }) => [problem, run])).toEqual([
      ['diverged', 'runs/grid/lr=2,seed=0'],
    ]);
    expect(study?.answer.best.map(({ settings }) => settings[0]?.value)).toEqual(['1']);
    expect(study?.answer.states).toEqual([
      { state: 'done', n: 2 },
      { state: 'diverged', n: 1 },
    ]);
  });
});

describe('the runs of a page', () => {
  it('have their metrics from first to last, what sets them apart, and the end of their log', async () => {
    writeConfiguration(1, [1]);
    writeConfiguration(2, [2]);
    writeText(join(cwd, 'runs/grid/lr=2,seed=0/logs.log'), `${'x'.repeat(5000)}\nlast words\n`);
    const table = (await page()).studies[0]?.table;
    const second = table?.runs[1];
    expect(second).toMatchObject({ run: 'runs/grid/lr=2,seed=0', rank: 2, axes: [2], value: 2, log: 'last words' });
    expect(second?.config).toContainEqual(['lr', '2']);
    expect(table?.shared).toContainEqual(['trainer', 'supervised']);
    const nll = second?.metrics.find(([metric]) => table?.metrics[metric] === 'test/nll');
    expect(nll?.slice(1, 5)).toEqual([3.25, 2, 2, 3.25]);
  });

  it('have the tags and the note that people keep beside them', async () => {
    writeConfiguration(1, [1, 2]);
    const [first, second] = [0, 1].map((seed) => join(cwd, `runs/grid/lr=1,seed=${seed}/notes.json`));
    const notes = { schema_version: 1, revision: 1, tags: ['baseline'], note: 'x'.repeat(500) };
    writeText(first ?? '', JSON.stringify(notes));
    writeText(second ?? '', '{');
    const { studies, notices } = await page();
    expect(studies[0]?.table.runs.map(({ tags, notes }) => [tags, notes])).toEqual([
      [['baseline'], `${'x'.repeat(400)}…`],
      [[], ''],
    ]);
    expect(notices).toEqual([expect.stringMatching(/^runs\/grid\/lr=1,seed=1: notes\.json: /)]);
  });

  it('say of what their models said where it cannot be read', async () => {
    writeConfiguration(1, [1]);
    writeText(join(cwd, 'runs/grid/lr=1,seed=0/iteration_000003/train_logtree.json'), '{"title": "torn');
    const { notices, transcripts } = await page();
    expect(notices).toEqual([
      expect.stringMatching(/^runs\/grid\/lr=1,seed=0: iteration_000003\/train_logtree\.json: /),
    ]);
    expect(transcripts).toEqual({ shown: [], n: 0 });
  });

  it('may be those of the Python cookbook', async () => {
    writePythonRun(join(cwd, 'runs/a'), { learning_rate: 1 }, lossCurve(2, 1));
    writePythonRun(join(cwd, 'runs/b'), { learning_rate: 2 }, lossCurve(2, 0.5));
    const [study] = (await page()).studies;
    expect(study?.table.runs.map(({ run, state }) => [run, state])).toEqual([
      ['runs/b', 'unknown'],
      ['runs/a', 'unknown'],
    ]);
  });
});

describe('where the numbers come from', () => {
  it('is told once for all runs that share it, with the changes to the commit', async () => {
    writeConfiguration(1, [1, 2]);
    for (const seed of [0, 1]) writeText(join(cwd, `runs/grid/lr=1,seed=${seed}/code.diff`), '+changed\n');
    const { provenance } = await page();
    expect(provenance.facts.find(({ name }) => name === 'commit')?.values).toEqual([
      { text: 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00', n: 2 },
    ]);
    expect(provenance.diffs).toEqual([
      { runs: ['runs/grid/lr=1,seed=0', 'runs/grid/lr=1,seed=1'], n_runs: 2, text: '+changed\n', n_cut: 0 },
    ]);
  });
});

describe('the file', () => {
  it('is the same for the same runs, and replaces what lies there as a whole', async () => {
    writeConfiguration(1, [1, 1.1]);
    const [first, second] = [join(cwd, 'a.html'), join(cwd, 'b.html')];
    writeFileSync(first, 'before');
    await writePage({ directories: ['runs'], cwd }, first);
    await writePage({ directories: ['runs'], cwd }, second);
    expect(readFileSync(first, 'utf8')).toBe(readFileSync(second, 'utf8'));
    expect(readFileSync(first, 'utf8').startsWith('<!DOCTYPE html>')).toBe(true);
  });

  it('names no other file and no address', async () => {
    writeConfiguration(1, [1, 1.1]);
    await writePage({ directories: ['runs'], cwd }, join(cwd, 'a.html'));
    const text = readFileSync(join(cwd, 'a.html'), 'utf8');
    const names = [...text.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, name]) => name);
    expect(names.filter((name) => !/^(#|data:,$)/.test(name ?? ''))).toEqual([]);
    expect(text).toContain("default-src 'none'".replaceAll("'", '&#39;'));
  });
});

it('codes that steer, or turn text around, are shown by their numbers', () => {
  expect(shownAsCodes({ a: ['x\u202ey', 1, null], '\u0000': true })).toEqual({
    a: ['x\\u202ey', 1, null],
    '\\u0000': true,
  });
});
