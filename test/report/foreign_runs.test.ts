// Directories that no version of this package wrote, or that something has damaged: each is noted, none stops the report on the others.

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatReport } from '../../src/report/output.ts';
import { makeReport, type ReportOptions } from '../../src/report/report.ts';
import { metricsText, temporaryDirectory, writePythonRun, writeRun, writeText } from './run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
});
afterEach(() => remove());

const report = (options: Partial<ReportOptions> = {}) => makeReport({ directories: ['.'], cwd, ...options });
const table = async (options: Partial<ReportOptions> = {}) =>
  // The hash of a configuration that nothing but its directory tells is that of a temporary name.
  formatReport(await report(options), 'table').replace(/configuration: \w+/, 'configuration: …');

describe('one damaged run', () => {
  it('is noted, and the others are shown', async () => {
    writeRun(join(cwd, 'good'), { spec: { lr: 1 }, metrics: [{ step: 0, nll: 1 }] });
    const pretty = writeRun(join(cwd, 'pretty'), { spec: { lr: 2 } });
    writeText(join(pretty, 'metrics.jsonl'), '{\n  "step": 0,\n  "nll": 3\n}\n');
    const surrogate = writeRun(join(cwd, 'surrogate'), { spec: { lr: 3 }, metrics: [{ step: 0, nll: 2 }] });
    writeText(
      join(surrogate, 'run.json'),
      '{"schema_version": 1, "identity": {"config_hash": "a"}, "spec": {"": "\\ud83d"}}',
    );
    const { notices } = await report({ metric: 'nll' });
    expect(notices.map((notice) => notice.replace(/: Malformed.*/, ': …'))).toEqual([
      'pretty: metrics.jsonl is left out, it is not one JSON object a line: …',
    ]);
    expect(await table({ sql: 'SELECT config_id, _ FROM configs WHERE _ IS NOT NULL' })).toMatchInlineSnapshot(`
      "config_id  _
      ─────────  ─
      a          �"
    `);
    expect(await table({ sql: 'SELECT run, nll FROM metrics' })).toMatchInlineSnapshot(`
      "run        nll
      ─────────  ───
      good         1
      surrogate    2"
    `);
  });
});

describe('a run whose lines have no step, or steps that are no whole numbers', () => {
  it('ends with its last line', async () => {
    writeText(join(cwd, 'a/metrics.jsonl'), metricsText([{ nll: 3 }, { nll: 2 }, { nll: 1 }]));
    expect(await table()).toMatchInlineSnapshot(`
      "a

      state: unknown
      configuration: …

      metric  first  last  least  greatest  curve
      ──────  ─────  ────  ─────  ────────  ─────
      nll         3     1      1         3"
    `);
  });

  it('keeps every value', async () => {
    const metrics = [0.5, 1.5, 2.5].map((step) => ({ step, nll: step }));
    writeText(join(cwd, 'a/metrics.jsonl'), metricsText(metrics));
    expect(await table({ sql: 'SELECT step, nll FROM metrics ORDER BY step' })).toMatchInlineSnapshot(`
      "step  nll
      ────  ───
       0.5  0.5
       1.5  1.5
       2.5  2.5"
    `);
  });
});

describe('a run that ends in a text where numbers were', () => {
  it('has no number at its end, and is named for it', async () => {
    writeText(join(cwd, 'a/metrics.jsonl'), '{"step": 0, "nll": 3}\n{"step": 1, "nll": "n/a"}\n');
    expect(await table()).toMatchInlineSnapshot(`
      "a

      state: unknown
      configuration: …

      metric  first  last  least  greatest  curve
      ──────  ─────  ────  ─────  ────────  ─────
      nll         3   n/a      —         —"
    `);
    expect(await table({ metric: 'nll' })).toMatchInlineSnapshot(`
      ".: 1 run (1 unknown); last value of nll, minimize

      name  nll    n  notes
      ────  ───  ───  ───────────────────────
      a       —  0/1  1 unknown, 1 not finite

      problem     steps  run  error
      ──────────  ─────  ───  ─────
      not finite      —  a"
    `);
  });
});

describe('a copied run directory', () => {
  it('is one replicate, and noted', async () => {
    const run = writeRun(join(cwd, 'a'), { metrics: [{ step: 0, nll: 1 }] });
    cpSync(run, join(cwd, 'b'), { recursive: true });
    writePythonRun(join(cwd, 'python'), { log_path: '/x', lr: 1 }, [{ step: 0, nll: 3 }]);
    cpSync(join(cwd, 'python'), join(cwd, 'python copy'), { recursive: true });
    const { notices, blocks } = await report({ metric: 'nll' });
    expect(notices).toEqual([
      'b is a copy of a and is not counted beside it',
      'python copy is a copy of python and is not counted beside it',
    ]);
    expect(JSON.stringify(blocks)).toContain('1/1');
    expect(JSON.stringify(blocks)).not.toContain('2/2');
    expect(await table({ sql: 'SELECT count(*) AS n FROM runs' })).toContain('4');
  });
});
