// cookbook eval as its users meet it: built, in a process of its own, on the model that ships and on a run.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { workspace } from '../spec/workspace.ts';
import { conversationLines, writeChatModel } from '../support/chat_model.ts';
import { type CliResult, cookbook } from '../support/cli.ts';

const TINY = join(import.meta.dirname, '../../example_data/models/tiny');
const SHORT = ['--max-tokens', '8', '--concurrency', '4'];

const PLUGIN = `
import { benchmarkSlot, defineBuilder, problemBenchmark, semantic, Type } from 'tinker-cookbook';
export const shaky = defineBuilder({
  slot: benchmarkSlot, name: 'shaky', version: 1, doc: 'A benchmark that fails now and then.',
  params: Type.Object({ works: semantic(Type.Boolean({ default: false, description: 'Whether it works.' })) }),
  build({ works }, { renderer }) {
    const problem = (i) => ({
      question: 'What is ' + i + ' + 1?',
      reference_answer: String(i + 1),
      checkAnswer(reply) {
        if (i % 2 === 1 && !works) throw new Error('out of order');
        return reply.includes(String(i + 1));
      },
    });
    return problemBenchmark([0, 1, 2, 3].map(problem), { name: 'shaky', grader: 'shaky 1', renderer });
  },
});
`;

let directory: string;

beforeAll(async () => {
  const gsm8k = Array.from({ length: 3 }, (_, i) => ({
    question: `How much is ${i} + ${i}?`,
    answer: `#### ${2 * i}`,
  }));
  directory = await workspace({
    'gsm8k.jsonl': gsm8k.map((row) => `${JSON.stringify(row)}\n`).join(''),
    'data.jsonl': conversationLines(8),
    'shaky.ts': PLUGIN,
  });
});

const evaluate = (...argv: string[]) => cookbook(['eval', ...argv], { cwd: directory });
const sums = (...argv: string[]) => evaluate(TINY, '--benchmark', 'arithmetic', ...SHORT, ...argv);

async function resultOf(saveDir: string, name = 'arithmetic'): Promise<object> {
  const result = JSON.parse(await readFile(join(directory, saveDir, name, 'result.json'), 'utf8'));
  return { ...result, time_seconds: 0 };
}

/** With what differs from machine to machine left out. */
const shown = ({ stdout }: CliResult) =>
  stdout
    .replaceAll(TINY, 'TINY')
    .replaceAll(/\d+\.\d %/g, 'N %')
    .trimEnd();

describe('cookbook eval', () => {
  it('says how well a model does, how sure that is, where the answers lie, and what to type next', async () => {
    const ended = await sums('--limit', '20', '--save-dir', 'told');
    expect(ended.code).toBe(0);
    expect(shown(ended).replace(/right, \d+ of/, 'right, N of')).toMatchInlineSnapshot(`
      "
      arithmetic: N % right, N of 20 (95 % interval: N % to N %)

        truncated  0

        result   told/arithmetic/result.json
        answers  told/arithmetic/trajectories.jsonl

        cookbook eval TINY --benchmark arithmetic --max-tokens 8 --concurrency 4 --limit 20 --save-dir told --num-samples 4  pass@4, on top of these answers
        cookbook chat TINY  talk to it"
    `);
    const lines = ended.stderr.split('\n');
    expect(lines[0]).toContain('arithmetic: 20 examples, asked of the model');
    expect(lines.at(-1)).toMatch(/^20\/20 {2}score 0?\.?\d+$/);
    const again = await sums('--limit', '20', '--save-dir', 'told');
    expect(again.stdout).toBe(ended.stdout);
    expect(again.stderr).toContain('; 20 of 20 answers were there already');
  });

  it('killed again and again it ends with the result of one that never was', async () => {
    const argv = ['--limit', '40', '--num-samples', '2', '--set', 'max_operand=30'];
    expect(await sums(...argv, '--save-dir', 'whole')).toMatchObject({ code: 0 });
    for (const moment of [3, 1, 8, 5]) {
      await cookbook(['eval', TINY, '--benchmark', 'arithmetic', ...SHORT, ...argv, '--save-dir', 'killed'], {
        cwd: directory,
        onLine: (number, child) => number > moment && child.kill('SIGKILL'),
      });
    }
    expect(await sums(...argv, '--save-dir', 'killed')).toMatchObject({ code: 0 });
    expect(await resultOf('killed')).toEqual(await resultOf('whole'));
    const lines = (await readFile(join(directory, 'killed/arithmetic/trajectories.jsonl'), 'utf8'))
      .trimEnd()
      .split('\n');
    expect(
      new Set(lines.map((line) => JSON.stringify([JSON.parse(line).example_id, JSON.parse(line).sample]))).size,
    ).toBe(80);
    expect(lines).toHaveLength(80);
  });

  it('stopped by a signal it says how to go on, and goes on', async () => {
    const argv = [TINY, '--benchmark', 'arithmetic', ...SHORT, '--limit', '30', '--save-dir', 'stopped'];
    const { code, stdout } = await cookbook(['eval', ...argv], {
      cwd: directory,
      onLine: (number, child) => number === 4 && child.kill('SIGTERM'),
    });
    expect(code).toBe(3);
    expect(stdout).toMatch(/arithmetic: stopped after \d+ of 30 answers/);
    expect(stdout).toContain(`cookbook eval ${argv.join(' ')}  go on with the others`);
    const { code: finished, stderr } = await evaluate(...argv);
    expect(finished).toBe(0);
    expect(stderr).toMatch(/; \d+ of 30 answers were there already/);
  });

  it('asks again where answers failed, and says so until none does', async () => {
    const argv = [TINY, '--benchmark', 'shaky', '--plugin', 'shaky.ts', '--temperature', '0', ...SHORT];
    const failed = await evaluate(...argv);
    expect(failed.code).toBe(3);
    expect(failed.stdout).toContain('errors     2, counted as wrong: Error: out of order');
    expect(failed.stdout).toContain('ask again where it failed');
    const mended = await evaluate(...argv, '--set', 'works=true');
    expect(mended.code).toBe(0);
    expect(mended.stderr).toContain('; 2 of 4 answers were there already');
  });

  it('keeps other settings elsewhere, and refuses to mix them where a place is named', async () => {
    const argv = [
      TINY,
      '--benchmark',
      'gsm8k',
      '--set',
      'file_path=gsm8k.jsonl',
      '--set',
      'system_prompt=null',
      ...SHORT,
    ];
    expect((await evaluate(...argv, '--json')).code).toBe(0);
    const { stdout } = await evaluate(...argv, '--temperature', '0', '--json');
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ state: 'done', name: 'gsm8k', num_examples: 3, num_errors: 0 });
    const places = (await readdir(join(directory, 'evals'))).filter((name) => name.startsWith('tiny-'));
    expect(places.length).toBeGreaterThan(1);
    const refused = await evaluate(...argv, '--save-dir', join(result.directory, '..'));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(
      /^evals\/tiny-[0-9a-f]{8}\/gsm8k holds answers that were sampled otherwise: temperature 0,/,
    );
  });

  it('names what is wrong with what it is given', async () => {
    await writeFile(join(directory, 'bad.jsonl'), '{"question": "How much?", "answer": "much"}\n');
    const problems = [
      await evaluate(TINY, '--benchmark', 'gsmk'),
      await evaluate(TINY, '--benchmark', 'gsm8k'),
      await evaluate(TINY, '--benchmark', 'gsm8k', '--set', 'file_path=gone.jsonl', '--set', 'num_exampls=3'),
      await evaluate(TINY, '--benchmark', 'gsm8k', '--set', 'file_path=bad.jsonl'),
      await evaluate('nowhere', '--benchmark', 'arithmetic'),
      await evaluate(TINY, '--benchmark', 'arithmetic', '--temperature', 'warm'),
    ];
    const told = problems.map(({ code, stderr }) => `${code} ${stderr.replaceAll(directory, 'DIR')}`);
    expect(told).toMatchInlineSnapshot(`
      [
        "2 unknown benchmark builder "gsmk"; did you mean "gsm8k"?
      "cookbook builders --slot benchmark" lists them with what they take.",
        "2 command line: file_path: required field is missing; give it with --set file_path=VALUE",
        "2 command line:1:1 num_exampls: unknown field; did you mean "num_examples"? (in "num_exampls=3")
      command line:1:11 file_path: there is no such file or directory: DIR/gone.jsonl; get it from https://github.com/openai/grade-school-math (grade_school_math/data) (in "file_path=gone.jsonl")",
        "1 DIR/bad.jsonl:1: answer: the text has no answer behind "####"
      Mend the file, or set on_bad_row: skip to leave such rows out and have them counted.",
        "2 there is no run and no model nowhere
      Name a run directory (it has a run.json), a model directory (it has a config.json), a GGUF file, or a model of the hub as ORG/NAME.",
        "2 --temperature must be a number that is not negative, not "warm"",
      ]
    `);
  });
});

it('while a model is trained the evaluator benchmark measures what cookbook eval measures', async () => {
  await writeChatModel(join(directory, 'model'));
  await writeFile(
    join(directory, 'spec.yaml'),
    `
trainer: supervised
log_path: run
model_name: ./model
dataset: {builder: conversation_file, file_path: ./data.jsonl, batch_size: 4}
learning_rate: 0.01
lora_rank: 4
eval_every: 1
evaluators:
  - {builder: benchmark, name: sums, benchmark: {builder: arithmetic, num_examples: 6, max_operand: 9}, max_tokens: 6, num_samples: 2}
`,
  );
  expect(await cookbook(['run', 'spec.yaml'], { cwd: directory })).toMatchObject({ code: 0 });
  const text = await readFile(join(directory, 'run/metrics.jsonl'), 'utf8');
  const rows = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const measured = rows.map((row) => Object.keys(row).filter((name) => name.startsWith('eval/sums/')));
  expect(measured.every((names) => names.length > 10)).toBe(true);
  const record = JSON.parse(await readFile(join(directory, 'run/run.json'), 'utf8'));
  expect(record.headline).toContainEqual({ metric: 'eval/sums/score', goal: 'maximize', label: 'sums score' });

  const { stdout } = await evaluate(
    ...['run', '--benchmark', 'arithmetic', '--set', 'num_examples=6', '--set', 'max_operand=9'],
    ...['--max-tokens', '6', '--num-samples', '2', '--json'],
  );
  const { directory: place, metrics } = JSON.parse(stdout);
  const last = rows.at(-1);
  const inline = Object.fromEntries(Object.keys(metrics).map((name) => [name, last[`eval/sums/${name}`]]));
  expect(inline).toEqual(metrics);

  // Word for word: the same weights say the same, however they are asked.
  const outputs = async (path: string) => {
    const lines = (await readFile(join(directory, path), 'utf8')).trimEnd().split('\n');
    const said = lines
      .map((line) => JSON.parse(line))
      .map(({ example_id, sample, turns }) => [example_id, sample, turns]);
    return said.map((each) => JSON.stringify(each)).sort();
  };
  const step = String(last.step).padStart(6, '0');
  expect(await outputs(`run/iteration_${step}/eval_sums_trajectories.jsonl`)).toEqual(
    await outputs(join(place, 'trajectories.jsonl')),
  );
});
