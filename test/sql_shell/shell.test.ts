import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqlCommand } from '../../src/sql_shell/command.ts';
import { complete } from '../../src/sql_shell/completion.ts';
import { Statements } from '../../src/sql_shell/statements.ts';
import { lossCurve, temporaryDirectory, writeRun, writeText } from '../report/run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
  writeRun(join(cwd, 'runs/a'), { axes: { learning_rate: 0.001 }, metrics: lossCurve(2, 1) });
  writeRun(join(cwd, 'runs/b'), { axes: { learning_rate: 0.01 }, state: 'failed' });
});
afterEach(() => remove());

/** A shell, and what it has printed. */
function start(isInteractive: boolean) {
  const input = new PassThrough();
  const output = new PassThrough();
  const printed: string[] = [];
  const notices: string[] = [];
  output.on('data', (data) => printed.push(String(data)));
  const end = sqlCommand({
    directories: [join(cwd, 'runs')],
    cwd,
    useCache: true,
    maxSeconds: undefined,
    maxRows: undefined,
    maxMemory: undefined,
    input,
    output,
    isInteractive,
    notify: (notice) => notices.push(notice),
  });
  return { input, end, notices, text: () => printed.join('') };
}

async function piped(text: string) {
  const shell = start(false);
  shell.input.end(text);
  await shell.end;
  return { text: shell.text(), notices: shell.notices };
}

/** Waits until a shell has printed a text. */
async function until(shell: ReturnType<typeof start>, text: string, times = 1): Promise<void> {
  while (shell.text().split(text).length <= times) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('cookbook sql, piped into', () => {
  it.each(['exit', 'QUIT;', '\\quit', '\\q'])('leaves at %s, and helps at a bare help', async (leave) => {
    const { text } = await piped(`help\n${leave}\nSELECT 1 AS went_on;\n`);
    expect(text).toContain('read the runs anew');
    expect(text).not.toContain('went_on');
  });

  it('answers statement by statement, over several lines, the last one without its semicolon', async () => {
    const { text } = await piped(
      "SELECT state\nFROM runs -- not here;\nORDER BY run; SELECT ';' AS semicolon;\nSELECT 1 AS one",
    );
    expect(`\n${text}`).toMatchInlineSnapshot(`
      "
      state
      ──────
      done
      failed
      (2 rows)
      semicolon
      ─────────
      ;
      (1 row)
      one
      ───
        1
      (1 row)
      "
    `);
  });

  it('ends with the first error', async () => {
    const shell = start(false);
    shell.input.end('SELECT stat FROM runs; SELECT 1;');
    await expect(shell.end).rejects.toMatchObject({ exitCode: 2, hint: expect.stringContaining('runs.state') });
    expect(shell.text()).toBe('');
  });

  it.each([
    ['SELECT 1;\n\\d\n\n-- a note\nSELECT 2; SELECT stat\nFROM runs;', 'stdin:5: Referenced column "stat" not found'],
    ['SELECT 1; SELECT\n 2;\nSELEC 3;', 'stdin:3: syntax error at or near "SELEC"'],
    ['SELECT 1;\nCOPY runs TO 1', 'stdin:2: '],
  ])('tells the line of what is wrong: %j', async (text, message) => {
    await expect(piped(text)).rejects.toThrow(message);
  });

  it.each([
    ["SELECT * FROM read_csv('/etc/passwd');", 'may not be called here'],
    ["COPY runs TO 'x.csv';", 'not a SELECT'],
    ["ATTACH 'x.db';", 'not a SELECT'],
    ["FROM '/etc/passwd';", 'stdin'],
  ])('is sealed: %s', async (sql, message) => {
    await expect(piped(sql)).rejects.toThrow(message);
  });

  it('lists views, columns and saved questions, and asks one', async () => {
    writeText(join(cwd, 'runs/queries/mine.sql'), '-- How many there are.\nSELECT count(*) AS n FROM runs');
    expect((await piped('\\d\n')).text).toBe(
      'runs\nconfigs\nmetrics\nmetrics_long\ncheckpoints\nevaluations\nevaluation_examples\n',
    );
    expect((await piped('\\d metrics\n')).text).toContain('test/nll        DOUBLE');
    expect((await piped('\\i\n')).text).toContain('mine: How many there are.\n');
    expect((await piped('\\i mine\n')).text).toBe('n\n─\n2\n(1 row)\n');
    expect((await piped('\\help\n')).text).toContain('\\reload');
    await expect(piped('\\x\n')).rejects.toThrow('\\x: no such command');
    await expect(piped('\\d nothing\n')).rejects.toThrow('nothing');
  });

  it('writes the next answer to a file, in the format of its name', async () => {
    const file = join(cwd, 'answer.csv');
    const { text, notices } = await piped(`\\o ${file}\nSELECT 1 AS a, 'x,y' AS b;\nSELECT 2 AS c;\n`);
    expect(readFileSync(file, 'utf8')).toBe('a,b\n1,"x,y"\n');
    expect(text).toBe('c\n─\n2\n(1 row)\n');
    expect(notices).toEqual([`written: ${file}`]);
  });

  it('leaves at \\q', async () => {
    const file = join(cwd, 'never.csv');
    await piped(`\\q\n\\o ${file}\nSELECT 1;\n`);
    expect(existsSync(file)).toBe(false);
  });
});

describe('cookbook sql, typed into', () => {
  it('goes on after an error, and sees runs that have come when it reloads', async () => {
    const shell = start(true);
    await until(shell, 'sql> ');
    shell.input.write('SELECT nope FROM runs;\n');
    await until(shell, 'sql> ', 2);
    writeRun(join(cwd, 'runs/c'), {});
    shell.input.write('SELECT count(*) AS before FROM runs;\n\\reload\nSELECT count(*) AS after FROM runs;\n\\q\n');
    await shell.end;
    expect(shell.notices.join('\n')).toMatch(/"nope" not found/);
    expect(shell.text()).toContain('2 runs; \\help');
    expect(shell.text()).toMatch(/before\n─+\n +2/);
    expect(shell.text()).toMatch(/3 runs\n[\s\S]*after\n─+\n +3/);
  });

  it('stops an answer at Ctrl-C, not the shell, and drops what was typed', async () => {
    const shell = start(true);
    await until(shell, 'sql> ');
    shell.input.write('SELECT count(*) FROM range(1000000000000) AS a, range(1000) AS b;\n');
    await new Promise((resolve) => setTimeout(resolve, 100));
    shell.input.write('\u0003');
    await until(shell, 'sql> ', 2);
    expect(shell.notices).toEqual(['cancelled']);
    shell.input.write("SELECT 'begun\n");
    await until(shell, '…> ');
    shell.input.write('\u0003');
    await until(shell, 'sql> ', 3);
    shell.input.write('SELECT 5 AS five;\n');
    await until(shell, 'five\n');
    shell.input.write('\\q\n');
    await shell.end;
  });
});

describe('completion', () => {
  const names = {
    views: ['runs', 'metrics'],
    columns: ['run', 'test/nll', 'state', 'say "x"'],
    questions: ['problems', 'best_per_seed'],
  };

  it.each<[string, string[]]>([
    ['SELECT st', ['state', 'stddev_samp(']],
    ['SELECT run FROM ru', ['run', 'runs']],
    ['SELECT te', ['"test/nll"']],
    ['SELECT "te', ['"test/nll"']],
    ['SELECT "sa', ['"say ""x"""']],
    ['SELECT "test/nll", s', ['"say ""x"""', 'SELECT', 'SHOW TABLES', 'SUMMARIZE', 'state', 'stddev_samp(', 'sum(']],
    ['\\', ['\\d', '\\help', '\\i', '\\o', '\\q', '\\reload']],
    ['\\i p', ['problems']],
    ['\\d m', ['metrics']],
    ['SELECT ', []],
  ])('of %s', (line, expected) => {
    expect(complete(line, names)[0]).toEqual(expected);
  });
});

/** One that stands alone before a statement may be left out. */
const withoutComments = (text: string) => text.replace(/-- e;\n|\/\* f; \*\//g, '').trim();

describe('statements', () => {
  it('are cut at semicolons outside texts, names and comments, however they are cut into lines', () => {
    const part = fc.constantFrom(
      "'a;b'",
      '"c;d"',
      '-- e;\n',
      '/* f; */',
      'SELECT 1',
      '\n',
      "'it''s;'",
      '$$g;$$',
      '$t$ $$;$t$',
      ' x ',
    );
    const statement = fc
      .array(part, { minLength: 1, maxLength: 5 })
      .map((parts) => parts.join(' '))
      .filter((text) => withoutComments(text) !== '');
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 4 }), (statements) => {
        const reader = new Statements();
        const found = statements
          .map((each) => `${each};`)
          .join('\n')
          .split('\n')
          .flatMap((line) => reader.add(line));
        expect(found.map(({ sql }) => withoutComments(sql))).toEqual(statements.map(withoutComments));
        expect(reader.isOpen).toBe(false);
        expect(reader.end()).toEqual([]);
      }),
    );
  });

  it('stay open inside a text, and ask nothing where there is only a comment', () => {
    const reader = new Statements();
    expect(reader.add("SELECT 'a;")).toEqual([]);
    expect(reader.isOpen).toBe(true);
    expect(reader.add("b';")).toEqual([{ sql: "SELECT 'a;\nb'", line: 1 }]);
    expect(reader.add('-- nothing')).toEqual([]);
    expect(reader.isOpen).toBe(false);
    expect(reader.add(';;')).toEqual([]);
  });
});
