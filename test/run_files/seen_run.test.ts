import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withoutCopies } from '../../src/run_files/copies.ts';
import { inspectRunDirectory } from '../../src/run_files/directory.ts';
import { parseForeign, readForeignLines } from '../../src/run_files/foreign_json.ts';
import { leaseHolder } from '../../src/run_files/lease.ts';
import { seeCheckpoints, seeRun } from '../../src/run_files/seen_run.ts';
import { temporaryDirectory, writeRun, writeText } from '../report/run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
});
afterEach(() => remove());

describe('what Python writes', () => {
  it('is read where JSON has no word for it, outside of texts', () => {
    expect(parseForeign('{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN, \\"Infinity\\"", "NaN": 1}')).toEqual({
      a: 'NaN',
      b: ['-Infinity', 'Infinity'],
      c: 'NaN, "Infinity"',
      NaN: 1,
    });
    expect(() => parseForeign('{"a": NaNs}')).toThrow(SyntaxError);
  });

  it('makes neither its config nor its checkpoints damaged', () => {
    writeText(join(cwd, 'config.json'), '{"learning_rate": NaN, "max": Infinity, "seed": 3}');
    writeText(join(cwd, 'checkpoints.jsonl'), '{"name": "final", "batch": 9, "loss": NaN}\n');
    const run = seeRun(cwd);
    expect(run).toMatchObject({ state: 'done', problem: null, seed: 3, spec: { learning_rate: 'NaN' } });
    expect(seeCheckpoints(run.checkpointsFile).objects).toEqual([{ name: 'final', batch: 9, loss: 'NaN' }]);
  });

  it('is one configuration whatever is of one run alone: its seed, its place, and what loggers have added', () => {
    const configured = (name: string, config: object) => {
      writeText(join(cwd, name, 'config.json'), JSON.stringify(config));
      return seeRun(join(cwd, name)).config_hash;
    };
    const first = configured('a', { learning_rate: 0.1, seed: 0, log_path: 'a', cookbook_hash: '1', loggers: [] });
    const second = configured('b', { learning_rate: 0.1, seed: 1, log_path: 'b', cookbook_directory: '/b' });
    expect(second).toBe(first);
    expect(configured('c', { learning_rate: 0.2, seed: 0 })).not.toBe(first);
  });

  it('may hold half a pair of characters, which no Unicode text can', () => {
    expect(parseForeign('["\\ud83d", "\\ud83d\\ude00", "\\\\ud83d", "\\u0041", "\\ude00x"]')).toEqual([
      '\ufffd',
      '😀',
      '\\ud83d',
      'A',
      '\ufffdx',
    ]);
  });

  it('counts lines that hold no object, but for one that is still being written', () => {
    writeText(join(cwd, 'm.jsonl'), '{"a": 1}\n[1]\n\n{"b\n{"a": 2}\n{"a": ');
    expect(readForeignLines(join(cwd, 'm.jsonl'))).toEqual({
      objects: [{ a: 1 }, { a: 2 }],
      damaged: 2,
      problem: null,
    });
  });
});

describe('a file that is no regular one', () => {
  it('is told of instead of being waited for', async () => {
    const run = writeRun(join(cwd, 'run'));
    for (const name of ['status.json', 'metrics.jsonl']) {
      rmSync(join(run, name));
      execFileSync('mkfifo', [join(run, name)]);
    }
    expect(seeRun(run)).toMatchObject({ state: 'damaged', problem: 'status.json: is not a regular file' });
    expect(await inspectRunDirectory(run)).toMatchObject({ problem: 'status.json: is not a regular file' });
    expect(readForeignLines(join(run, 'metrics.jsonl')).problem).toBe('metrics.jsonl: is not a regular file');
  });

  it('is told of where a directory stands for a file', () => {
    const run = writeRun(join(cwd, 'run'));
    rmSync(join(run, 'run.json'));
    mkdirSync(join(run, 'run.json'));
    expect(seeRun(run)).toMatchObject({ state: 'damaged', problem: 'run.json: is not a regular file' });
  });
});

describe('the token of a lease', () => {
  it('becomes the name of no file outside of the run', async () => {
    const run = writeRun(join(cwd, 'run'), { lease: 'dead' });
    writeFileSync(join(cwd, 'x'), 'not a lease');
    const lease = {
      token: '../x',
      host: 'h',
      pid: 1,
      process_started: '',
      boot_id: '',
      pid_namespace: '',
      taken_at: '',
    };
    writeFileSync(join(run, 'lease'), JSON.stringify(lease));
    await expect(leaseHolder(run)).rejects.toThrow('"token" cannot be "../x"');
  });
});

describe('withoutCopies', () => {
  const run = (directory: string, hash: string | null, log_path = directory, state: 'done' | 'running' = 'done') => ({
    directory,
    hash,
    state,
    spec: { log_path },
  });

  it('keeps of each identity the directory that the run was made in, or else the first', () => {
    const runs = [run('/copy', 'a', '/own'), run('/own', 'a'), run('/other', 'b', '/gone'), run('/p', 'b', '/gone')];
    const { kept, copies } = withoutCopies(runs);
    expect(kept.map(({ directory }) => directory)).toEqual(['/own', '/other']);
    expect(copies.map((copy) => [copy.run.directory, copy.of.directory])).toEqual([
      ['/copy', '/own'],
      ['/p', '/other'],
    ]);
  });

  it('prefers what has finished', () => {
    const { kept } = withoutCopies([run('/own', 'a', '/own', 'running'), run('/copy', 'a', '/own')]);
    expect(kept.map(({ directory }) => directory)).toEqual(['/copy']);
  });

  it('knows runs without an identity by what they say of where they ran', () => {
    const { kept } = withoutCopies([run('/a', null, '/x'), run('/b', null, '/x'), run('/c', null)]);
    expect(kept.map(({ directory }) => directory)).toEqual(['/a', '/c']);
  });
});
