import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { discoverRuns } from '../../src/report/discover.ts';
import { temporaryDirectory, writePythonRun, writeRun, writeSweep, writeText } from './run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
});
afterEach(() => remove());

const found = (roots: string[]) => discoverRuns(roots, cwd).runs.map(({ path }) => path);

describe('discoverRuns', () => {
  it('finds runs of every kind and depth, in the order of their paths', () => {
    writeRun(join(cwd, 'runs/b'));
    writeRun(join(cwd, 'runs/a/deep/inside'));
    writePythonRun(join(cwd, 'runs/python'), { learning_rate: 1 }, []);
    writeText(join(cwd, 'runs/only_metrics/metrics.jsonl'), '');
    writeText(join(cwd, 'runs/only_config/config.json'), '{}');
    writeText(join(cwd, 'runs/neither/notes.txt'), '');
    expect(found(['runs'])).toEqual([
      'runs/a/deep/inside',
      'runs/b',
      'runs/only_config',
      'runs/only_metrics',
      'runs/python',
    ]);
  });

  it('does not look into checkpoints and iterations, nor take a model directory for a run', () => {
    const run = writeRun(join(cwd, 'runs/a'));
    writeText(join(run, 'checkpoints/final/config.json'), '{}');
    writeText(join(run, 'iteration_000010/config.json'), '{}');
    writeText(join(run, 'merged/config.json'), '{"architectures": ["LlamaForCausalLM"]}');
    expect(found(['runs'])).toEqual(['runs/a']);
  });

  it('knows the sweep that a run is part of, also when only the run is named', () => {
    const sweep = writeSweep(join(cwd, 'runs/grid'));
    writeRun(join(sweep, 'a'));
    writeRun(join(cwd, 'runs/single'));
    const sweeps = (roots: string[]) => discoverRuns(roots, cwd).runs.map((run) => run.sweep);
    expect(sweeps(['runs'])).toEqual(['runs/grid', null]);
    expect(sweeps(['runs/grid/a'])).toEqual(['runs/grid']);
  });

  it('lists a run once when the directories overlap, and shows paths outside of the working directory in full', () => {
    writeRun(join(cwd, 'runs/a'));
    expect(found(['runs', 'runs/a', '.'])).toEqual(['runs/a']);
    expect(discoverRuns([join(cwd, 'runs')], '/').runs[0]?.path).toBe(join(cwd, 'runs/a').slice(1));
    expect(discoverRuns([join(cwd, 'runs')], join(cwd, 'elsewhere')).runs[0]?.path).toBe(join(cwd, 'runs/a'));
    expect(discoverRuns(['.'], join(cwd, 'runs/a')).runs[0]?.path).toBe('.');
  });

  it('follows links inside the directories given and no others, and says which', () => {
    writeText(join(cwd, 'secret/metrics.jsonl'), '{"step": 0, "secret": 1}\n');
    writeRun(join(cwd, 'secret/run'));
    const run = writeRun(join(cwd, 'runs/a'), { state: 'pending' });
    symlinkSync(join(cwd, 'secret/metrics.jsonl'), join(run, 'metrics.jsonl'));
    symlinkSync(join(cwd, 'secret/run'), join(cwd, 'runs/linked'));
    symlinkSync(join(cwd, 'runs/a/status.json'), join(run, 'checkpoints.jsonl'));
    symlinkSync(join(cwd, 'nowhere'), join(run, 'lease'));
    symlinkSync(cwd, join(run, 'loop'));
    const { runs, notices } = discoverRuns(['runs'], cwd);
    expect(runs.map(({ path }) => path)).toEqual(['runs/a']);
    expect([...(runs[0]?.files ?? [])].sort()).toEqual(['checkpoints.jsonl', 'config.json', 'run.json', 'status.json']);
    expect(notices).toEqual([
      `runs/a/loop was not followed: it leads out of the directories given, to ${cwd}`,
      `runs/a/metrics.jsonl was not followed: it leads out of the directories given, to ${cwd}/secret/metrics.jsonl`,
      `runs/linked was not followed: it leads out of the directories given, to ${cwd}/secret/run`,
    ]);
  });

  it('enters a directory given by a link', () => {
    writeRun(join(cwd, 'disk/a'));
    symlinkSync(join(cwd, 'disk'), join(cwd, 'runs'));
    expect(found(['runs'])).toEqual(['runs/a']);
  });

  it('names a directory that is none', () => {
    mkdirSync(join(cwd, 'runs'));
    writeText(join(cwd, 'file'), '');
    expect(() => found(['runs', 'nope'])).toThrow('nope: no such directory');
    expect(() => found(['file'])).toThrow('file: not a directory');
  });
});
