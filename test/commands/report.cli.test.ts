import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lossCurve, temporaryDirectory, writeRun, writeSweep, writeText } from '../report/run_directories.ts';
import { cookbook } from '../support/cli.ts';

const program = resolve('bin/run.js');

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
  const sweep = writeSweep(join(cwd, 'runs/grid'));
  for (const lr of [1, 2]) writeRun(join(sweep, `lr=${lr}`), { axes: { lr }, metrics: lossCurve(3, lr) });
});
afterEach(() => remove());

async function report(...args: string[]) {
  const { code, stdout, stderr } = await cookbook(['report', ...args], { cwd });
  return { code, stdout, stderr };
}

describe('cookbook report', () => {
  it('prints the table of what lies below runs', async () => {
    expect(await report()).toMatchInlineSnapshot(`
      {
        "code": 0,
        "stderr": "",
        "stdout": "runs/grid: 2 runs (2 done); last value of test/nll, minimize

         lr  test/nll    n  curve
      ─  ──  ────────  ───  ────────────
      ★   1      1.25  1/1  ███▅▅▅▂▂▂▁▁▁
          2      2.25  1/1  ███▅▅▅▂▂▂▁▁▁

      ★ best: lr=1 with test/nll 1.25 (n = 1)
      its run: runs/grid/lr=1
      ",
      }
    `);
  });

  it('prints data only under --json, and what it could not read on stderr', async () => {
    writeText(join(cwd, 'runs/grid/lr=1/metrics.jsonl'), 'damaged\n{"step": 0, "test/nll": 1}\n');
    const { code, stdout, stderr } = await report('runs/grid', '--json');
    expect(JSON.parse(stdout)).toMatchObject([
      { group: 'runs/grid', configurations: [{ best: true }, { best: false }] },
    ]);
    expect([code, stderr]).toEqual([0, 'note: runs/grid/lr=1: 1 damaged line in metrics.jsonl']);
  });

  it('shows what a run is judged by, and all of its metrics with --all, as its last line says', async () => {
    const brief = (await report('runs/grid/lr=1')).stdout.trimEnd().split('\n');
    expect(brief.at(-1)).toBe('1 more metric: cookbook report runs/grid/lr=1 --all');
    expect(brief.join('\n')).not.toContain('num_tokens');
    expect((await report('runs/grid/lr=1', '--all')).stdout).toContain('\nnum_tokens');
    expect((await report('--all', '--sql', 'SELECT 1')).stderr).toContain('cannot also be provided');
  });

  it('answers SQL as a table, as JSON, and in a file', async () => {
    const sql = 'SELECT state, count(*) AS n FROM runs GROUP BY state';
    expect((await report('--sql', sql)).stdout).toBe('state  n\n─────  ─\ndone   2\n');
    expect(JSON.parse((await report('--sql', sql, '--json')).stdout)).toEqual([{ state: 'done', n: 2 }]);
    const written = await report('--sql', sql, '--format', 'csv', '--output', 'answer.csv');
    expect(written).toEqual({ code: 0, stdout: '', stderr: 'written: answer.csv' });
    expect(readFileSync(join(cwd, 'answer.csv'), 'utf8')).toBe('state,n\ndone,2\n');
  });

  it('says of an answer without rows that it has none', async () => {
    const { code, stdout, stderr } = await report('--sql', 'SELECT run FROM runs WHERE false');
    expect([code, stdout, stderr]).toEqual([0, 'run\n───\n', 'note: the answer has no rows']);
  });

  it('ends when all of a long answer has been taken, and not a second after it was given', async () => {
    const hasty = 'const later=setTimeout;globalThis.setTimeout=(f,ms,...a)=>later(f,ms===1000?0:ms,...a)';
    const { stdout } = await cookbook(['report', '--format', 'csv', '--sql', 'FROM range(300000)'], {
      cwd,
      env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hasty)}` },
    });
    expect(stdout.length).toBe(1_988_896);
  });

  it('takes several fields to group by', async () => {
    const { stdout } = await report('--group-by', 'trainer,sweep', '--format', 'csv');
    expect(stdout.split('\n')[0]).toMatch(/^group,trainer,sweep,metric/);
  });

  it('exits with 2 and one line with a hint for every mistake of the user', async () => {
    const mistakes = [
      ['nowhere'],
      ['--sql', 'SELECT stat FROM runs'],
      ['--sql', `COPY runs TO 'x.csv'`],
      ['--group-by', 'lrr'],
      ['--format', 'parquet'],
    ];
    const outcomes = await Promise.all(mistakes.map((mistake) => report(...mistake)));
    expect(outcomes.map(({ code, stdout }) => [code, stdout])).toEqual(mistakes.map(() => [2, '']));
    expect(outcomes.map(({ stderr }) => stderr).join('\n\n')).toMatchInlineSnapshot(`
      "nowhere: no such directory
      Name a directory that holds runs. Without one it is "runs".

      SQL: Referenced column "stat" not found in FROM clause (line 1: SELECT stat FROM runs)
      Did you mean runs.state or runs.stage?

      SQL: not a SELECT statement
      What is answered is one SELECT (also FROM …, WITH …, DESCRIBE, SHOW TABLES; PIVOT with ON column IN (…)).

      --group-by: no run has a field "lrr"
      Did you mean lr?

      Parquet is not text: it goes to a file
      Add --output FILE.parquet."
    `);
  });

  it('prints names and notes without codes for the terminal', async () => {
    writeText(join(cwd, 'runs/odd/x/metrics.jsonl'), '{"step": 0, "a\\u001b[2J": 1}\n');
    const { stdout, stderr } = await report('runs/odd');
    expect(stdout).toContain('a\\u001b[2J');
    const missing = await report('runs/odd', '--metric', 'b');
    expect(missing.stderr).toContain('a\\u001b[2J');
    const mistake = await report('runs/odd', '--group-by', '\u001b[2J');
    expect(mistake.stderr).toContain('no run has a field "\\u001b[2J"');
    expect(stdout + stderr + missing.stderr + mistake.stderr).not.toContain('\u001b');
  });

  it('writes to an open descriptor, and says in one line what could not be written', () => {
    const shell = (command: string) =>
      spawnSync('bash', ['-c', command], { cwd, encoding: 'utf8', env: { ...process.env, COOKBOOK: program } });
    const sql = '--sql "SELECT 1 AS x" --format csv';
    expect(shell(`(echo first; node $COOKBOOK report ${sql} -o /dev/fd/1) > out; cat out`).stdout).toBe(
      'first\nx\n1\n',
    );
    expect(shell(`node $COOKBOOK report ${sql} -o /dev/stdout | cat`).stdout).toBe('x\n1\n');
    const full = shell(`node $COOKBOOK report ${sql} > /dev/full`);
    expect([full.status, full.stderr]).toEqual([
      1,
      'cannot write to standard output: ENOSPC: no space left on device, write\n',
    ]);
  });

  it('refuses options that exclude each other', async () => {
    const { code, stderr } = await report('--sql', 'FROM runs', '--metric', 'x');
    expect(code).toBe(2);
    expect(stderr).toContain('--sql');
    expect((await report('--json', '--format', 'csv')).code).toBe(2);
  });
});
