import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Limits } from '../../src/report/limits.ts';
import { makeReport } from '../../src/report/report.ts';
import { CookbookError } from '../../src/util/errors.ts';
import { lossCurve, temporaryDirectory, writePythonRun, writeRun, writeSweep, writeText } from './run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
});
afterEach(() => remove());

const ask = async (sql: string) => (await makeReport({ directories: ['runs'], cwd, sql })).json;

async function refusal(sql: string): Promise<string> {
  try {
    return `answered ${JSON.stringify(await ask(sql))}`;
  } catch (error) {
    if (!(error instanceof CookbookError)) throw error;
    return error.message;
  }
}

describe('the views', () => {
  beforeEach(() => {
    const sweep = writeSweep(join(cwd, 'runs/grid'));
    for (const [lr, seed] of [
      [0.001, 0],
      [0.001, 1],
      [0.01, 0],
    ] as const) {
      writeRun(join(sweep, `lr=${lr} seed=${seed}`), {
        seed,
        axes: { learning_rate: lr },
        spec: {
          dataset: { builder: 'conversation_file', batch_size: 16 },
          evaluators: [{ builder: 'nll' }],
          warm: true,
        },
        metrics: lossCurve(2, lr),
        state: lr === 0.01 ? 'diverged' : 'done',
        checkpoints: [
          { name: '000020', batch: 20, epoch: 0, state_path: 'x', rolling: true },
          { name: 'final', batch: 40, epoch: 1, final: true, sampler_path: 'y', extra: { tokens: 5 } },
        ],
      });
    }
  });

  it('runs: a row a run', async () => {
    expect(await ask('SELECT run, sweep, seed, state, steps, seconds, started_at, axes FROM runs LIMIT 1')).toEqual([
      {
        run: 'runs/grid/lr=0.001 seed=0',
        sweep: 'runs/grid',
        seed: 0,
        state: 'done',
        steps: 40,
        seconds: 90,
        started_at: '2026-01-02 03:05:00+00',
        axes: { learning_rate: 0.001 },
      },
    ]);
  });

  it('runs: with the tags and the note that people keep beside them', async () => {
    const note = `${'x'.repeat(19_999)}🙂`;
    const notes = { schema_version: 1, revision: 2, tags: ['baseline', 'again'], note };
    writeText(join(cwd, 'runs/grid/lr=0.01 seed=0/notes.json'), JSON.stringify(notes));
    const sql = `SELECT run, tags, length(notes) AS characters FROM runs WHERE list_contains(tags::VARCHAR[], 'baseline')`;
    // A note that is too long is cut between two characters.
    expect(await ask(sql)).toEqual([
      { run: 'runs/grid/lr=0.01 seed=0', tags: ['baseline', 'again'], characters: 19_999 },
    ]);
    expect(await ask(`SELECT count(*) AS n FROM runs WHERE tags::VARCHAR[] = [] AND notes = ''`)).toEqual([{ n: 2 }]);
  });

  it('configs: a row a configuration, with the fields of its spec as typed columns', async () => {
    expect(
      await ask(
        `SELECT n_runs, n_done, n_diverged, learning_rate, "dataset.builder", "dataset.batch_size" * 2 AS twice, warm, evaluators
         FROM configs ORDER BY learning_rate`,
      ),
    ).toEqual([
      {
        n_runs: 2,
        n_done: 2,
        n_diverged: 0,
        learning_rate: 0.001,
        'dataset.builder': 'conversation_file',
        twice: 32,
        warm: true,
        evaluators: [{ builder: 'nll' }],
      },
      expect.objectContaining({ n_runs: 1, n_done: 0, n_diverged: 1, learning_rate: 0.01 }),
    ]);
  });

  it('metrics: a row a run and step, with a column a metric; metrics_long: a row a value', async () => {
    expect(
      await ask(
        `SELECT seed, count(*) AS steps, min("test/nll") AS least FROM metrics JOIN runs USING (run)
         WHERE state = 'done' GROUP BY seed ORDER BY seed`,
      ),
    ).toEqual([
      { seed: 0, steps: 40, least: 0.251 },
      { seed: 1, steps: 40, least: 0.251 },
    ]);
    expect(await ask(`SELECT metric, count(*) AS n FROM metrics_long GROUP BY metric ORDER BY metric`)).toEqual([
      { metric: 'learning_rate', n: 120 },
      { metric: 'num_tokens', n: 120 },
      { metric: 'test/nll', n: 15 },
      { metric: 'train_mean_nll', n: 120 },
    ]);
  });

  it('checkpoints: a row a record, what it says beyond the columns under extra', async () => {
    writePythonRun(join(cwd, 'runs/python'), { a: 1 }, [], [{ name: 'final', batch: 3, loop_state: { epoch: 1 } }]);
    expect(
      await ask(`SELECT * EXCLUDE (state_path) FROM checkpoints WHERE name = 'final' AND run NOT LIKE '%seed=0'`),
    ).toEqual([
      {
        run: 'runs/grid/lr=0.001 seed=1',
        name: 'final',
        batch: 40,
        epoch: 1,
        final: true,
        rolling: null,
        sampler_path: 'y',
        extra: { tokens: 5 },
      },
      {
        run: 'runs/python',
        name: 'final',
        batch: 3,
        epoch: null,
        final: null,
        rolling: null,
        sampler_path: null,
        extra: { loop_state: { epoch: 1 } },
      },
    ]);
  });

  it('can be listed and described', async () => {
    expect(await ask('SHOW TABLES')).toEqual(
      ['checkpoints', 'configs', 'evaluation_examples', 'evaluations', 'metrics', 'metrics_long', 'runs'].map(
        (name) => ({ name }),
      ),
    );
    expect(await ask(`SELECT column_type FROM (DESCRIBE runs) WHERE column_name = 'ended_at'`)).toEqual([
      { column_type: 'TIMESTAMP WITH TIME ZONE' },
    ]);
  });

  it('are there when no run has logged anything', async () => {
    remove();
    writeRun(join(cwd, 'runs/a'), { state: 'pending' });
    expect(await ask('SELECT (SELECT count(*) FROM metrics) + (SELECT count(*) FROM metrics_long) AS n')).toEqual([
      { n: 0 },
    ]);
    expect(await ask('FROM checkpoints')).toEqual([]);
  });
});

describe('values', () => {
  beforeEach(() => writeRun(join(cwd, 'runs/a')));

  it('come as JSON: integers of any width as numbers where they fit, NaN as text', async () => {
    expect(
      await ask(`SELECT 1::BIGINT AS b, 12345678901234567890123::HUGEINT AS h, 1.50::DECIMAL(9, 2) AS d, sum(x) AS s,
        'NaN'::DOUBLE AS n, [1::BIGINT] AS l, {a: 2::BIGINT} AS o, DATE '2026-01-02' AS t, NULL AS nothing
        FROM range(3) r(x)`),
    ).toEqual([
      {
        b: 1,
        h: '12345678901234567890123',
        d: 1.5,
        s: 3,
        n: 'NaN',
        l: [1],
        o: { a: 2 },
        t: '2026-01-02',
        nothing: null,
      },
    ]);
  });

  it('that are no numbers in JSON are words', async () => {
    expect(await ask(`SELECT 1e400 AS x, to_json({a: 'inf'::DOUBLE, b: 'nan'::DOUBLE}) AS j`)).toEqual([
      { x: 'Infinity', j: { a: 'Infinity', b: 'NaN' } },
    ]);
  });

  it('that are NaN are greater than all numbers, which docs/report.md says', async () => {
    expect(await ask(`SELECT 'NaN'::DOUBLE > 0.05 AS greater, isfinite('NaN'::DOUBLE) AS finite`)).toEqual([
      { greater: true, finite: false },
    ]);
  });

  it('of columns with one name are kept apart', async () => {
    expect(await ask('SELECT 1 AS x, 2 AS x')).toEqual([{ x: 1, 'x:1': 2 }]);
  });
});

describe('names that SQL cannot tell apart', () => {
  it('are columns of their own, and noted', async () => {
    writePythonRun(join(cwd, 'runs/a'), { lr: 1, '': 2 }, ['{"step": 0, "Loss": 1, "loss": 2, "run": 3, "": 4}\n']);
    writePythonRun(join(cwd, 'runs/b'), { LR: 5 }, []);
    const question = (sql: string) => makeReport({ directories: ['runs'], cwd, sql });
    const configs = await question('SELECT lr, "LR_1", _ FROM configs ORDER BY lr');
    expect(configs.json).toEqual([
      { lr: 1, LR_1: null, _: 2 },
      { lr: null, LR_1: 5, _: null },
    ]);
    expect(configs.notices).toEqual([
      'the field "" is the column "_" of configs: SQL knows no such name',
      'the field "LR" is the column "LR_1" of configs: SQL cannot tell it from another column',
    ]);
    const metrics = await question('FROM metrics');
    expect(metrics.json).toEqual([{ run: 'runs/a', step: 0, _: 4, Loss: 1, loss_1: 2, run_1: 3 }]);
    expect(metrics.notices).toEqual([
      'the metric "" is the column "_" of metrics: SQL knows no such name',
      'the metric "loss" is the column "loss_1" of metrics: SQL cannot tell it from another column',
      'the metric "run" is the column "run_1" of metrics: SQL cannot tell it from another column',
    ]);
    expect(await ask(`SELECT value FROM metrics_long WHERE metric = 'run_1'`)).toEqual([{ value: 3 }]);
  });
});

describe('limits', () => {
  beforeEach(() => writeRun(join(cwd, 'runs/a')));

  const failing = async (sql: string, limits: Partial<Limits> = {}) => {
    try {
      const { table } = await makeReport({ directories: ['runs'], cwd, sql, limits });
      return `${table.rows.length} rows`;
    } catch (error) {
      if (error instanceof CookbookError) return error.message;
      throw error;
    }
  };

  it('end a question that has no end, or too large an answer, in one line', async () => {
    const endless = 'WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t';
    expect(await failing(endless, { seconds: 0.2 })).toBe('SQL: no answer within 0.2 s');
    expect(await failing('FROM range(30000000)')).toBe('SQL: the answer has more than 1000000 rows');
    expect(await failing('FROM range(11)', { rows: 10 })).toBe('SQL: the answer has more than 10 rows');
    expect(await failing('FROM range(10)', { rows: 10 })).toBe('10 rows');
    expect(await failing('SELECT list(md5(x::VARCHAR)) FROM range(3000000) r(x)', { bytes: 5e7 })).toMatch(
      /^SQL: .*allocate.* used\)$/,
    );
    expect(await failing('SELECT list(x) FROM range(25000000) r(x)')).toBe(
      'the report is larger than text in memory can be',
    );
  });
});

describe('mistakes in SQL', () => {
  beforeEach(() => writeRun(join(cwd, 'runs/a'), { spec: { dataset: { batch_size: 1 } }, metrics: lossCurve(2, 1) }));

  const mistake = async (sql: string) => {
    try {
      await ask(sql);
    } catch (error) {
      if (error instanceof CookbookError) return [error.exitCode, error.message, error.hint];
      throw error;
    }
    throw new Error(`no error: ${sql}`);
  };

  it('are told in one line with a hint', async () => {
    expect(await mistake('SELECT stat FROM runs')).toMatchInlineSnapshot(`
      [
        2,
        "SQL: Referenced column "stat" not found in FROM clause (line 1: SELECT stat FROM runs)",
        "Did you mean runs.state or runs.stage?",
      ]
    `);
    expect(await mistake('SELECT * FROM run')).toMatchInlineSnapshot(`
      [
        2,
        "SQL: Table with name run does not exist (line 1: SELECT * FROM run)",
        "Did you mean runs?",
      ]
    `);
    expect(await mistake('SELECT * FROM wandb')).toMatchInlineSnapshot(`
      [
        2,
        "SQL: Table with name wandb does not exist (line 1: SELECT * FROM wandb)",
        "The views are runs, configs, metrics, metrics_long, checkpoints, evaluations, evaluation_examples.",
      ]
    `);
    expect(await mistake('SELECT test/nll FROM metrics')).toMatchInlineSnapshot(`
      [
        2,
        "SQL: Referenced column "test" not found in FROM clause (line 1: SELECT test/nll FROM metrics)",
        "Did you mean metrics."test/nll"?",
      ]
    `);
    expect(await mistake('SELECT m.tests FROM metrics m')).toMatchInlineSnapshot(`
      [
        2,
        "SQL: Values list "m" does not have a column named "tests" (line 1: SELECT m.tests FROM metrics m)",
        "The views are runs, configs, metrics, metrics_long, checkpoints, evaluations, evaluation_examples; DESCRIBE runs shows the columns of one.",
      ]
    `);
    expect(await mistake('SELECT dataset FROM configs')).toMatchInlineSnapshot(`
      [
        2,
        "SQL: Referenced column "dataset" not found in FROM clause (line 1: SELECT dataset FROM configs)",
        "Did you mean configs."dataset.batch_size"?",
      ]
    `);
    expect(await mistake('SELECT run FROM runs, metrics')).toMatchInlineSnapshot(`
      [
        2,
        "SQL: Ambiguous reference to column name "run" (use: "runs.run" or "metrics.run") (line 1: SELECT run FROM runs, metrics)",
        "Write the view before the column, one of those that the message names.",
      ]
    `);
    expect(await mistake('SELEC 1')).toMatchInlineSnapshot(`
      [
        2,
        "SQL: syntax error at or near "SELEC" (character 1)",
        "What is answered is one SELECT (also FROM …, WITH …, DESCRIBE, SHOW TABLES; PIVOT with ON column IN (…)).",
      ]
    `);
    expect(await mistake('SELECT 1; SELECT 2')).toMatchInlineSnapshot(`
      [
        2,
        "SQL: 2 statements where one is expected",
        "What is answered is one SELECT (also FROM …, WITH …, DESCRIBE, SHOW TABLES; PIVOT with ON column IN (…)).",
      ]
    `);
    expect(await mistake('')).toMatchInlineSnapshot(`
      [
        2,
        "SQL: 0 statements where one is expected",
        "What is answered is one SELECT (also FROM …, WITH …, DESCRIBE, SHOW TABLES; PIVOT with ON column IN (…)).",
      ]
    `);
    expect(await mistake('PIVOT runs ON state')).toMatchInlineSnapshot(`
      [
        2,
        "SQL: not a SELECT statement",
        "What is answered is one SELECT (also FROM …, WITH …, DESCRIBE, SHOW TABLES; PIVOT with ON column IN (…)).",
      ]
    `);
    expect(await mistake(`SELECT 'x'::INTEGER`)).toMatchInlineSnapshot(`
      [
        2,
        "SQL: Could not convert string 'x' to INT32 (line 1: SELECT 'x'::INTEGER)",
        "The views are runs, configs, metrics, metrics_long, checkpoints, evaluations, evaluation_examples; DESCRIBE runs shows the columns of one.",
      ]
    `);
    expect(await mistake('SELECT avg(state) FROM runs')).toMatchInlineSnapshot(`
      [
        2,
        "SQL: No function matches the given name and argument types 'avg(VARCHAR)'. You might need to add explicit type casts (line 1: SELECT avg(state) FROM runs)",
        "The views are runs, configs, metrics, metrics_long, checkpoints, evaluations, evaluation_examples; DESCRIBE runs shows the columns of one.",
      ]
    `);
  });
});

describe('the sandbox', () => {
  beforeEach(() => {
    writeRun(join(cwd, 'runs/a'), { metrics: lossCurve(2, 1) });
    writeText(join(cwd, 'secret.csv'), 'word\nswordfish\n');
    writeText(join(cwd, 'secret.json'), '{"word": "swordfish"}');
  });

  const attacks = (directory: string) => [
    `SELECT * FROM read_csv('${directory}/secret.csv')`,
    `SELECT * FROM '${directory}/secret.csv'`,
    `FROM "${directory}/secret.json"`,
    `SELECT * FROM read_json('${directory}/secret.json')`,
    `SELECT * FROM read_json('${directory}/runs/a/metrics.jsonl')`,
    `SELECT * FROM read_text('${directory}/secret.csv')`,
    `SELECT * FROM read_blob('/etc/passwd')`,
    `SELECT * FROM read_csv_auto('/etc/passwd')`,
    `SELECT * FROM sniff_csv('/etc/passwd')`,
    `SELECT * FROM parquet_metadata('/etc/passwd')`,
    `SELECT * FROM glob('/etc/*')`,
    `SELECT (SELECT word FROM read_csv('${directory}/secret.csv'))`,
    `WITH x AS (FROM read_csv('${directory}/secret.csv')) SELECT * FROM x`,
    `SELECT * FROM runs, LATERAL (SELECT * FROM read_text(runs.directory || '/../../secret.csv'))`,
    `SELECT * FROM query('SELECT * FROM read_csv(''${directory}/secret.csv'')')`,
    `SELECT * FROM query_table('${directory}/secret.csv')`,
    `SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM read_csv(''${directory}/secret.csv'')'))`,
    `SELECT * FROM 'https://example.com/data.csv'`,
    `SELECT * FROM read_parquet('s3://bucket/data.parquet')`,
    `COPY runs TO '${directory}/stolen.csv'`,
    `COPY (SELECT 1) TO '${directory}/stolen.parquet' (FORMAT parquet)`,
    `COPY runs FROM '${directory}/secret.csv'`,
    `EXPORT DATABASE '${directory}/stolen'`,
    `IMPORT DATABASE '${directory}'`,
    `ATTACH '${directory}/stolen.db' AS stolen`,
    `ATTACH ':memory:' AS other`,
    'INSTALL httpfs',
    'LOAD httpfs',
    'SET enable_external_access = true',
    'RESET lock_configuration',
    `SET temp_directory = '${directory}/stolen'`,
    `PRAGMA enable_profiling = 'json'`,
    `PRAGMA profiling_output = '${directory}/stolen.json'`,
    `SET log_query_path = '${directory}/stolen.log'`,
    `CALL enable_logging(storage = 'file', storage_path = '${directory}/stolen')`,
    `FROM enable_logging(storage = 'file', storage_path = '${directory}/stolen')`,
    `SELECT (FROM (FROM enable_logging()))`,
    `CREATE PERSISTENT SECRET s (TYPE http)`,
    `SELECT * FROM duckdb_secrets()`,
    `SELECT getenv('HOME')`,
    `CREATE TABLE t AS SELECT 1`,
    `CREATE MACRO m() AS TABLE FROM read_csv('${directory}/secret.csv')`,
    'DROP TABLE runs',
    `INSERT INTO runs BY NAME SELECT 'x' AS run`,
    'DELETE FROM runs',
    `PREPARE p AS SELECT 1`,
    'VACUUM',
    'CHECKPOINT',
    `EXPLAIN ANALYZE COPY runs TO '${directory}/stolen.csv'`,
    `SELECT 1; COPY runs TO '${directory}/stolen.csv'`,
    `SELECT 1) TO '${directory}/stolen.csv'; --`,
  ];

  it('lets no statement read or write anything but the runs', async () => {
    const before = readdirSync(cwd).sort();
    for (const sql of attacks(cwd)) {
      const outcome = await refusal(sql);
      expect(outcome, sql).toMatch(/^SQL: /);
      expect(outcome, sql).not.toContain('swordfish');
      expect(outcome, sql).not.toContain('\n');
    }
    expect(readdirSync(cwd).sort()).toEqual(before);
  });

  it('holds without the check of the statement too: the database itself is sealed', async () => {
    const { openDatabase, sealDatabase } = await import('../../src/report/database.ts');
    const connection = await openDatabase();
    await connection.run('CREATE TABLE runs AS SELECT 1 AS x');
    await sealDatabase(connection);
    const doors = [
      `FROM read_csv('${cwd}/secret.csv')`,
      `FROM read_text('${cwd}/secret.csv')`,
      `COPY runs TO '${cwd}/stolen.csv'`,
      `ATTACH '${cwd}/stolen.db' AS stolen`,
      `SET enable_external_access = true`,
      `SET lock_configuration = false`,
      `SET temp_directory = '${cwd}/stolen'`,
      'INSTALL httpfs',
      `CREATE PERSISTENT SECRET s (TYPE http)`,
      `PRAGMA profiling_output = '${cwd}/stolen.json'`,
    ];
    for (const door of doors) await expect(connection.run(door), door).rejects.toThrow();
    connection.closeSync();
    expect(readdirSync(cwd).sort()).toEqual(['runs', 'secret.csv', 'secret.json']);
  });

  it('does not spill to disk', async () => {
    expect(
      await ask(`SELECT current_setting('temp_directory') AS d, current_setting('enable_external_access') AS e`),
    ).toEqual([{ d: '', e: false }]);
    expect(existsSync('.tmp')).toBe(false);
  });

  it('shows nothing that a link inside a run leads to', async () => {
    const run = writeRun(join(cwd, 'runs/b'), { state: 'pending' });
    writeText(join(cwd, 'outside.jsonl'), '{"step": 0, "word": "swordfish"}\n');
    symlinkSync(join(cwd, 'outside.jsonl'), join(run, 'metrics.jsonl'));
    const report = await makeReport({ directories: ['runs'], cwd, sql: 'FROM metrics' });
    expect(JSON.stringify(report.json)).not.toContain('swordfish');
    expect(report.notices).toEqual([
      `runs/b/metrics.jsonl was not followed: it leads out of the directories given, to ${cwd}/outside.jsonl`,
    ]);
  });
});
