// Sweeps that search and give up on runs, as the built command runs them, with runs that cost nothing.

import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { whyStopped } from '../../src/run_files/stop.ts';
import { isJsonObject, type JsonObject } from '../../src/util/json.ts';
import { ToySweep } from './support/toy_sweeps.ts';

const SEARCH = `
grid:
  rate: {uniform: [0.01, 0.99]}
  size: [1, 2, 3]
search: {builder: random}
objective: {metric: test/nll, goal: minimize}
max_runs: 4
`;

async function events(toy: ToySweep): Promise<JsonObject[]> {
  const text = await readFile(join(toy.directory, 'runs/toy/study/events.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
    .filter(isJsonObject);
}

const ofKind = (all: readonly JsonObject[], kind: string) => all.filter(({ event }) => event === kind);

/** Each of them starts a process a run, up to a dozen. */
const PATIENCE = { timeout: 300_000 };

describe('a sweep that searches', PATIENCE, () => {
  it('asks for a point at a time, is told what it came to, and says which was the best', async () => {
    const toy = await ToySweep.create(SEARCH);
    const { code, stdout, stderr } = await toy.run('sweep', 'sweep.yaml');
    expect(code).toBe(0);
    const told = ofKind(await events(toy), 'told');
    expect(told).toHaveLength(4);
    const best = Math.min(...told.map(({ value }) => Number(value)));
    expect(stdout).toContain('4 of 4 runs are finished');
    expect(Number(/test\/nll +([\d.e-]+)/.exec(stdout)?.[1])).toBeCloseTo(best, 3);
    expect(stderr).toContain('[4/4] done');
    const status = await toy.run('status', 'runs/toy');
    expect(status.stdout).toContain('4 of at most 4 runs: 4 done');
    expect(status.stdout).toMatch(/search +random\n +best so far +rate=\S+ size=\d: test\/nll [\d.e-]+ \(1 seed\)/);
  });

  it('goes on from where it was when it may ask for more', async () => {
    const toy = await ToySweep.create(SEARCH);
    await toy.run('sweep', 'sweep.yaml');
    const before = await events(toy);
    expect((await toy.run('plan', 'sweep.yaml', 'max_runs=6')).stdout).toMatch(/4 asked +4 finished/);
    expect(await toy.run('sweep', 'sweep.yaml', 'max_runs=6')).toMatchObject({ code: 0 });
    const after = await events(toy);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(ofKind(after, 'asked')).toHaveLength(6);
  });

  it('says in a plan for how long it asks, what a name alone leaves out, and of a rule that it can never act', async () => {
    const toy = await ToySweep.create(SEARCH);
    const late = await toy.run('plan', 'sweep.yaml', 'max_hours=1.5', 'early_stopping={builder: asha, min_steps: 4}');
    expect(late.stdout).toContain('at most 4 runs in 1.5 hours, asked for by random');
    expect(late.stdout).toContain(
      'asha will give up on none: its first rung has to lie before the end of a run, which is 4 steps',
    );
    const early = await toy.run('plan', 'sweep.yaml', 'early_stopping={builder: asha, min_steps: 3}');
    expect(early.stdout).toContain('at most 4 runs, asked for by random');
    expect(early.stdout).not.toContain('give up on none');
    const pbt = await toy.run('plan', 'sweep.yaml', 'search=pbt');
    expect(pbt.stderr).toContain('required field is missing; write search: {builder: pbt, steps_per_generation: …}');
  });

  it('has the mean over its seeds', async () => {
    const toy = await ToySweep.create(`${SEARCH}seeds: 2\n`);
    expect(await toy.run('sweep', 'sweep.yaml')).toMatchObject({ code: 0 });
    const all = await events(toy);
    expect(ofKind(all, 'asked').map(({ runs }) => Array.isArray(runs) && runs.length)).toEqual([2, 2]);
    // The toy adds a hundredth of its seed.
    const [first, second] = all;
    const rate = isJsonObject(first?.point) ? Number(Number(first.point.rate).toPrecision(6)) : 0;
    expect(Number(second?.value)).toBeCloseTo((rate - 0.3) ** 2 + 0.005, 9);
  });

  it('is content with its target', async () => {
    const toy = await ToySweep.create(`${SEARCH}target: 10\n`);
    expect(await toy.run('sweep', 'sweep.yaml')).toMatchObject({ code: 0 });
    expect(ofKind(await events(toy), 'asked')).toHaveLength(1);
  });

  it('refuses to go on with other axes, and with another base', async () => {
    const toy = await ToySweep.create(SEARCH);
    await toy.run('sweep', 'sweep.yaml');
    const axes = await toy.run('plan', 'sweep.yaml', 'grid.size=[1, 2]');
    expect(axes).toMatchObject({ code: 2 });
    expect(axes.stderr).toContain('was begun with other values of axes than the sweep file has now');
    const base = await toy.run('plan', 'sweep.yaml', 'max_steps=5');
    expect(base.stderr).toContain('trial 0 of the study in runs/toy would be another run now');
  });

  it('tries runs that failed again', async () => {
    const toy = await ToySweep.create(SEARCH, 'fate: fail_once\n');
    expect(await toy.run('sweep', 'sweep.yaml')).toMatchObject({ code: 1 });
    expect(await toy.run('sweep', 'sweep.yaml')).toMatchObject({ code: 0 });
    const all = await events(toy);
    expect(ofKind(all, 'retried')).toHaveLength(4);
    expect(all.slice(-4).map(({ state }) => state)).toEqual(Array(4).fill('finished'));
  });
});

describe('a sweep that searches, after an accident,', PATIENCE, () => {
  const TWO = SEARCH.replace('max_runs: 4', 'max_runs: 2');
  const again = async (toy: ToySweep) => (await toy.run('sweep', 'sweep.yaml')).code;

  it('goes on with runs that were killed without a last word', async () => {
    const toy = await ToySweep.create(TWO, 'fate: crash_once\n');
    expect([await again(toy), await again(toy)]).toEqual([1, 0]);
    expect((await events(toy)).slice(-2).map(({ state }) => state)).toEqual(['finished', 'finished']);
  });

  it('runs anew what was deleted by hand, to the same value', async () => {
    const toy = await ToySweep.create(TWO);
    await again(toy);
    const runs = join(toy.directory, 'runs/toy');
    const [first = ''] = (await readdir(runs)).filter((name) => name.includes('rate'));
    await rm(join(runs, first), { recursive: true });
    expect(await again(toy)).toBe(0);
    const told = ofKind(await events(toy), 'told');
    expect(told).toHaveLength(3);
    const same = told.filter(({ trial }) => trial === told[2]?.trial);
    expect(new Set(same.map(({ value }) => value)).size).toBe(1);
  });

  it('tells of a point that cannot be run, and asks for the next', async () => {
    const toy = await ToySweep.create(`
grid: {rate: {normal: [0.1, 0.5]}}
search: {builder: random}
objective: {metric: test/nll, goal: minimize}
max_runs: 6
`);
    const { code, stderr } = await toy.run('sweep', 'sweep.yaml');
    expect(code).toBe(0);
    expect(stderr).toMatch(/trial \d cannot be run: .*expected a number above 0; got -/);
    expect(ofKind(await events(toy), 'told')).toHaveLength(6);
  });

  it('stops at the first run that ends without the objective, and uses it again once that is mended', async () => {
    const toy = await ToySweep.create(TWO.replace('test/nll', 'test/nil'));
    for (const _ of ['first', 'again']) {
      const { code, stderr } = await toy.run('sweep', 'sweep.yaml');
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /sweep\.yaml: objective\.metric: rate=\S+ has come to its end and has logged no test\/nil; did you mean "test\/nll"\?/,
      );
      expect(stderr).not.toContain('stopping');
      expect(ofKind(await events(toy), 'asked')).toHaveLength(1);
    }
    await rm(join(toy.directory, 'runs/toy/study'), { recursive: true });
    expect(await toy.run('sweep', 'sweep.yaml', 'objective.metric=test/nll')).toMatchObject({ code: 0 });
    expect((await toy.diary()).filter(({ event }) => event === 'start')).toHaveLength(2);
  });

  it('names what was logged where nothing is near', async () => {
    const toy = await ToySweep.create(TWO.replace('test/nll', 'accuracy'));
    const { stderr } = await toy.run('sweep', 'sweep.yaml');
    expect(stderr).toContain('has logged no accuracy; it logged test/nll, train_mean_nll');
  });

  it('goes on where a run diverged before it logged a number', async () => {
    const toy = await ToySweep.create(TWO, 'fate: diverge\n');
    expect(await toy.run('sweep', 'sweep.yaml')).toMatchObject({ code: 0 });
    expect(ofKind(await events(toy), 'asked')).toHaveLength(2);
  });

  it('tells of what it resumes by the objective', async () => {
    const toy = await ToySweep.create(TWO, 'fate: wait\n');
    const child = toy.start('sweep', 'sweep.yaml');
    await toy.untilWaiting(1);
    child.signal('SIGINT');
    expect(await child.ended()).toBe(3);
    await toy.write('diary.jsonl.go', '');
    const { code, stderr } = await toy.run('sweep', 'sweep.yaml');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^\[1\/2\] done \S+: test\/nll [\d.e-]+( in \d+s)?, best so far$/m);
    expect(stderr).toMatch(/^\[2\/2\] done \S+: test\/nll [\d.e-]+/m);
  });

  it('sends a second command to whoever drives it', async () => {
    const toy = await ToySweep.create(TWO, 'fate: wait\n');
    const child = toy.start('sweep', 'sweep.yaml');
    await toy.untilWaiting(1);
    const second = await toy.run('sweep', 'sweep.yaml');
    child.signal('SIGINT');
    expect(await child.ended()).toBe(3);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/process \d+ on \S+ drives this sweep already, since /);
    expect(second.stderr).toMatch(/ status runs\/toy".* stop runs\/toy"/s);
    expect(second.stderr).not.toContain('delete');
  });

  it('is not over when it was stopped before all was asked', async () => {
    const toy = await ToySweep.create(SEARCH, 'fate: wait\n');
    const child = toy.start('sweep', 'sweep.yaml');
    await toy.untilWaiting(1);
    child.signal('SIGINT');
    expect(await child.ended()).toBe(3);
  });
});

describe('a sweep that gives up on runs', PATIENCE, () => {
  const RUNGS = 'early_stopping: {builder: asha, min_steps: 1, reduction_factor: 2}\n';

  it('trains each to its first rung, and the better ones on', async () => {
    const grid = 'grid: {rate: [0.1, 0.2, 0.3, 0.8]}\nobjective: {metric: test/nll, goal: minimize}\n';
    const toy = await ToySweep.create(grid + RUNGS);
    const { code, stdout } = await toy.run('sweep', 'sweep.yaml');
    expect(code).toBe(0);
    expect(stdout).toContain('rate=0.3');
    const directories = (await readdir(join(toy.directory, 'runs/toy'))).filter((name) => name.includes('rate'));
    const states = await Promise.all(
      directories.map(async (name) => {
        const status = JSON.parse(await readFile(join(toy.directory, 'runs/toy', name, 'status.json'), 'utf8'));
        return [name.slice(0, 8), status.state];
      }),
    );
    expect(Object.fromEntries(states)).toMatchObject({ 'rate=0.3': 'done', 'rate=0.8': 'stopped' });
    const report = await toy.run('report', 'runs/toy');
    expect(report.stdout).toContain('stopped');
    expect(report.stdout).toMatch(/^ +trial +rate /m);
    expect(report.stdout).toContain('asked for by grid, given up by asha; trials are numbered');
    const plan = await toy.run('plan', 'sweep.yaml');
    expect(plan.stdout).toMatch(/4 asked +\d finished, \d held back at a rung, where others were better/);
    expect((await toy.run('status', 'runs/toy')).stdout).toMatch(/search +grid, given up by asha/);
    const explained = await toy.run('plan', 'sweep.yaml', '--explain', '4');
    expect(explained.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'stopped early (waits at step 1, where others were better)',
    );
  });

  it('trains those to their end once no rule is there', async () => {
    const grid = 'grid: {rate: [0.1, 0.2, 0.3, 0.8]}\nobjective: {metric: test/nll, goal: minimize}\n';
    const toy = await ToySweep.create(grid + RUNGS);
    expect(await toy.run('sweep', 'sweep.yaml')).toMatchObject({ code: 0 });
    const stopped = (await toy.states()).filter((line) => line.includes('stopped'));
    expect(stopped.length).toBeGreaterThan(0);
    const plan = await toy.run('plan', 'sweep.yaml', 'early_stopping=null');
    expect(plan.stdout).toContain(`${4 - stopped.length} done`);
    const { code, stdout } = await toy.run('sweep', 'sweep.yaml', 'early_stopping=null');
    expect(code).toBe(0);
    expect(stdout).toContain('4 of 4 runs are finished');
    const states = await toy.states();
    expect(states.filter((line) => line.includes(': done'))).toHaveLength(4);
    for (const { directory } of await toy.snapshots()) expect(whyStopped(directory)).toBeNull();
  });

  it('stops a run whose values cross a threshold, at the same step however late it hears of it', async () => {
    const grid = 'grid: {rate: [0.3, 0.9]}\nobjective: {metric: test/nll, goal: minimize}\n';
    const toy = await ToySweep.create(`${grid}early_stopping: {builder: threshold, upper: 0.2}\n`, 'max_steps: 6\n');
    const { code, stderr } = await toy.run('sweep', 'sweep.yaml');
    expect(code).toBe(0);
    expect(ofKind(await events(toy), 'told')).toMatchObject([
      { state: 'finished', step: null },
      { state: 'stopped', step: 0 },
    ]);
    const why = 'threshold: 0.36 at step 0 is above 0.2';
    expect(stderr).toMatch(/^\[2\/2\] stopped .*$/m);
    expect(/^\[2\/2\] stopped .*$/m.exec(stderr)?.[0]).toContain(`(${why})`);
  });
});
