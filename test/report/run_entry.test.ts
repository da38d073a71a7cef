import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { discoverRuns } from '../../src/report/discover.ts';
import { readRunEntry } from '../../src/report/run_entry.ts';
import { RUN_STATES } from '../../src/run_files/types.ts';
import { temporaryDirectory, writePythonRun, writeRun, writeText } from './run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
});
afterEach(() => remove());

const entries = () => discoverRuns(['.'], cwd).runs.map(readRunEntry);
const states = () =>
  entries().map(({ row }) => `${row.run}: ${row.state}${row.error === null ? '' : `, ${row.error}`}`);

describe('readRunEntry', () => {
  it('reads what run.json and status.json say', () => {
    writeRun(join(cwd, 'a'), {
      seed: 3,
      state: 'failed',
      step: 12,
      axes: { 'dataset.batch_size': 8 },
      objective: { metric: 'test/nll', goal: 'minimize', at: 'best' },
      error: { code: 'OOM', message: 'out of memory' },
    });
    const [entry] = entries();
    expect(entry?.row).toMatchInlineSnapshot(
      {
        directory: expect.any(String),
        host: expect.any(String),
        config_id: expect.any(String),
        hash: expect.any(String),
      },
      `
      {
        "after": [],
        "attempt": 1,
        "axes": {
          "dataset.batch_size": 8,
        },
        "config_id": Any<String>,
        "cookbook_version": "0.1.0",
        "created_at": "2026-01-02T03:04:05.000Z",
        "directory": Any<String>,
        "ended_at": "2026-01-02T03:06:30.000Z",
        "error": "out of memory",
        "error_code": "OOM",
        "git_branch": "main",
        "git_commit": "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00",
        "git_dirty": false,
        "hash": Any<String>,
        "host": Any<String>,
        "name": "a",
        "notes": "",
        "objective_at": "best",
        "objective_goal": "minimize",
        "objective_metric": "test/nll",
        "platform": "linux-x64",
        "run": "a",
        "sampler_path": null,
        "seconds": 90,
        "seed": 3,
        "stage": null,
        "started_at": "2026-01-02T03:05:00.000Z",
        "state": "failed",
        "steps": 12,
        "sweep": null,
        "tags": [],
        "total_steps": 40,
        "updated_at": "2026-01-02T03:06:30.000Z",
      }
    `,
    );
    expect(entry?.look).toBe('a/logs.log');
  });

  it('shows every state that the runner writes', () => {
    for (const state of RUN_STATES) writeRun(join(cwd, state), { state, lease: 'live' });
    expect(states()).toEqual([...RUN_STATES].sort().map((state) => `${state}: ${state}`));
  });

  it('shows a run as killed that is running by its own account while no process holds its lease', () => {
    writeRun(join(cwd, 'no lease'), { state: 'running' });
    writeRun(join(cwd, 'pid of another process'), { state: 'running', lease: 'dead' });
    writeText(join(writeRun(join(cwd, 'empty lease'), { state: 'running' }), 'lease'), '');
    expect(states()).toEqual(['empty lease: killed', 'no lease: killed', 'pid of another process: killed']);
  });

  it('believes the heartbeat of a process on another host', () => {
    const run = writeRun(join(cwd, 'a'), { state: 'running' });
    writeText(join(run, 'lease'), JSON.stringify({ host: 'far-away', pid: 1, process_started: '1', boot_id: 'x' }));
    expect(states()).toEqual(['a: running']);
  });

  it('shows damage as a state of its own and says what is damaged', () => {
    writeText(join(writeRun(join(cwd, 'torn run.json')), 'run.json'), '{"schema_version": 1, "na');
    writeText(join(writeRun(join(cwd, 'list')), 'status.json'), '[]');
    writeText(join(writeRun(join(cwd, 'empty')), 'run.json'), '');
    writeText(join(writeRun(join(cwd, 'future')), 'run.json'), '{"schema_version": 2}');
    writeText(join(writeRun(join(cwd, 'no identity')), 'run.json'), '{"schema_version": 1}');
    expect(states().map((line) => line.replace(/(JSON at position).*/, '$1 …'))).toMatchInlineSnapshot(`
      [
        "empty: damaged, run.json: Unexpected end of JSON input",
        "future: damaged, run.json: schema_version 2, of which this version knows only 1",
        "list: damaged, status.json: is not a JSON object",
        "no identity: damaged, run.json: identity is missing",
        "torn run.json: damaged, run.json: Unterminated string in JSON at position …",
      ]
    `);
  });

  it('takes a run without a status for one that has not started', () => {
    rmSync(join(writeRun(join(cwd, 'a')), 'status.json'));
    expect(states()).toEqual(['a: pending']);
  });

  it('tells replicates and finished runs of the Python cookbook', () => {
    const config = { model_name: 'm', learning_rate: 1e-4, dataset_builder: { batch_size: 8 } };
    writePythonRun(join(cwd, 'a'), { ...config, log_path: '/x/a', seed: 0 }, [], [{ name: 'final', batch: 9 }]);
    writePythonRun(join(cwd, 'b'), { ...config, log_path: '/x/b', seed: 1 }, [], [{ name: '000010', batch: 10 }]);
    writePythonRun(join(cwd, 'c'), { ...config, learning_rate: 1, log_path: '/x/c' }, []);
    writeText(join(cwd, 'd/metrics.jsonl'), '');
    writeText(join(cwd, 'e/metrics.jsonl'), '');
    expect(states()).toEqual(['a: done', 'b: unknown', 'c: unknown', 'd: unknown', 'e: unknown']);
    const [a, b, ...others] = entries().map(({ row }) => row);
    expect([a?.seed, b?.seed]).toEqual([0, 1]);
    expect(a?.config_id).toBe(b?.config_id);
    expect(new Set([a, ...others].map((row) => row?.config_id)).size).toBe(4);
  });
});
