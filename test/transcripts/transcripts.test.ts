// Transcripts of runs: of files that our own loops write, of the Python cookbook's, and of those that nobody should have written.

import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTranscripts } from '../../src/rl/transcripts.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { listTranscripts } from '../../src/transcripts/listing.ts';
import { holdsText } from '../../src/transcripts/order.ts';
import { type ReadOptions, readTranscripts } from '../../src/transcripts/read.ts';
import { rolledOut, tokenizer, trajectory } from '../rl/support/groups.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const PYTHON_LOGTREE = new URL('./support/python_logtree.json', import.meta.url);

/** A directory that holds these files. */
async function directoryOf(files: Record<string, string>): Promise<string> {
  const directory = await temporaryDirectory();
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  return directory;
}

async function readAll(directory: string, options: Partial<ReadOptions> = {}) {
  const { files } = await listTranscripts(directory);
  return await readTranscripts({ directory, run: 'runs/a', files, ...options });
}

const lines = (...values: object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');

const summary = (
  traj_idx: number,
  total_reward: number | string,
  logs: object = { question: 'Q?', reply: `A${traj_idx}` },
) => ({
  schema_version: 1,
  split: 'train',
  iteration: 2,
  group_idx: 0,
  traj_idx,
  tags: ['sums'],
  sampling_client_step: 2,
  total_reward,
  final_reward: 0,
  trajectory_metrics: {},
  steps: [
    { step_idx: 0, ob_len: 3, ac_len: 2, reward: total_reward, episode_done: true, metrics: { correct: 1 }, logs },
  ],
  final_ob_len: 0,
});

/** Two groups as a loop of reinforcement learning writes them: one of two turns, one with a prompt that two episodes share. */
async function writtenByLoop(fields: { num_groups_to_log: number; rollout_json_export: boolean }): Promise<string> {
  const logPath = await temporaryDirectory();
  const transcripts = createTranscripts({ logPath, tokenizer, emit: () => {}, ...fields });
  const turns = [
    { ob: 'Q: 1+1?\nA:', ac: ' 3;', reward: -0.5, metrics: { correct: 0 } },
    { ob: 'Q: 1+1?\nA: 3; no.\nA:', ac: '2;', reward: 1, metrics: { correct: 1 }, logs: { read: '2' } },
  ];
  const final_ob = modelInputFromTokens(tokenizer.encode('Q: 1+1?\nA: 3; no.\nA:2; yes.'));
  const first = rolledOut(0, [trajectory(turns, { stop_reason: 'completed', final_ob })], { tags: ['sums', 'even'] });
  const second = rolledOut(1, [
    trajectory([{ ob: 'Q: 2+2?\nA:', ac: '4;', reward: 1 }]),
    trajectory([{ ob: 'Q: 2+2?\nA:', ac: '5;', reward: 0 }]),
  ]);
  await transcripts.write('train', 3, [first, second]);
  await transcripts.write('eval/test', 3, [second]);
  return logPath;
}

describe('what a loop of reinforcement learning leaves', () => {
  it('is read as what was shown and said, turn by turn, with rewards', async () => {
    const directory = await writtenByLoop({ num_groups_to_log: 4, rollout_json_export: false });
    const { transcripts, problems } = await readAll(directory, { wanted: ({ label }) => label === 'train' });
    expect(problems).toEqual([]);
    expect(transcripts.map(({ score, step, source }) => [score, step, source])).toEqual([
      [0, 3, 'rollout'],
      [1, 3, 'rollout'],
      [0.5, 3, 'rollout'],
    ]);
    expect(transcripts[2]).toMatchInlineSnapshot(`
      {
        "facts": {
          "correct": "1",
          "ended": "completed",
          "episode": 0,
          "group": 0,
          "logprob": 0,
          "read": "2",
          "tags": "sums, even",
          "tokens": 5,
        },
        "file": "iteration_000003/train_logtree.json",
        "label": "train",
        "messages": [
          {
            "role": "user",
            "text": "Q: 1+1?
      A:",
          },
          {
            "role": "assistant",
            "score": -0.5,
            "text": " 3;",
          },
          {
            "role": "environment",
            "text": " no.
      A:",
          },
          {
            "role": "assistant",
            "score": 1,
            "text": "2;",
          },
          {
            "role": "environment",
            "text": " yes.",
          },
        ],
        "run": "runs/a",
        "score": 0.5,
        "source": "rollout",
        "step": 3,
      }
    `);
    expect(transcripts[0].messages).toEqual([
      { role: 'user', text: 'Q: 2+2?\nA:' },
      { role: 'assistant', text: '5;', score: 0 },
    ]);
  });

  it('counts an episode once that stands in the transcript and in the summaries', async () => {
    const both = await writtenByLoop({ num_groups_to_log: 1, rollout_json_export: true });
    const reading = await readAll(both, { wanted: ({ label }) => label === 'train' });
    // Of the second group there are numbers alone.
    expect(reading.found).toBe(1);
    expect(reading.without_text).toBe(2);
    expect(reading.transcripts[0].facts).toMatchObject({
      group: 0,
      episode: 0,
      turns: 2,
      ended: 'completed',
      read: '2',
    });
  });
});

describe('what is found by name', () => {
  it('are the files of all kinds, of the newest step first', async () => {
    const directory = await directoryOf({
      'iteration_000002/train_logtree.json': '',
      'iteration_000010/eval_gsm8k_trajectories.jsonl': '',
      'iteration_000010/eval_win_rate_replies.jsonl': '',
      'iteration_000010/train_rollout_summaries.jsonl': '',
      'iteration_000010/train.html': '',
      'evals/final-1234/math/trajectories.jsonl': '',
      'replies.jsonl': '',
      'checkpoints/000010/trajectories.jsonl': '',
      'other_run/metrics.jsonl': '',
      'other_run/eval/trajectories.jsonl': '',
      'metrics.jsonl': '',
    });
    await symlink(directory, join(directory, 'iteration_000011'));
    await symlink('/etc/hostname', join(directory, 'iteration_000002', 'eval_x_replies.jsonl'));
    expect((await listTranscripts(directory)).files.map(({ path, source, label }) => [path, source, label])).toEqual([
      ['evals/final-1234/math/trajectories.jsonl', 'evaluation', 'math'],
      ['replies.jsonl', 'sample', 'replies'],
      ['iteration_000010/eval_gsm8k_trajectories.jsonl', 'evaluation', 'gsm8k'],
      ['iteration_000010/eval_win_rate_replies.jsonl', 'evaluation', 'win_rate'],
      ['iteration_000010/train_rollout_summaries.jsonl', 'rollout', 'train'],
      ['iteration_000002/train_logtree.json', 'rollout', 'train'],
    ]);
    expect(await listTranscripts(directory, 1)).toMatchObject({ steps_left_out: 1, files: { length: 5 } });
  });

  it('is nothing where there is no directory', async () => {
    expect(await listTranscripts('/nowhere/at/all')).toEqual({ files: [], steps_left_out: 0, problems: [] });
  });
});

describe('files of other kinds', () => {
  it('of the Python cookbook: each environment of a group is a transcript, and text is what it was before it was escaped', async () => {
    const directory = await directoryOf({
      'iteration_000000/train_logtree.json': await readFile(PYTHON_LOGTREE, 'utf8'),
    });
    const { transcripts, problems, found } = await readAll(directory);
    expect(problems).toEqual([]);
    expect(found).toBe(4);
    expect(transcripts[0]).toMatchInlineSnapshot(`
      {
        "facts": {
          "correct": "False",
          "group": 0,
          "reference_answer": "<4>",
          "reward": "0.000",
        },
        "file": "iteration_000000/train_logtree.json",
        "label": "train",
        "messages": [
          {
            "role": "user",
            "text": "2+0?",
          },
          {
            "role": "assistant",
            "text": "<think>hm</think>0",
          },
        ],
        "run": "runs/a",
        "score": 0,
        "source": "rollout",
        "step": 0,
      }
    `);
  });

  it('of benchmarks, of judged replies and of created data', async () => {
    const directory = await directoryOf({
      'evals/m/arithmetic/trajectories.jsonl': lines({
        idx: 3,
        benchmark: 'arithmetic',
        example_id: 'ab',
        sample: 0,
        turns: [
          { role: 'user', content: '1+1?', token_count: 3, metadata: {} },
          { role: 'assistant', content: '3', token_count: 1, metadata: { tokens: [5] } },
        ],
        reward: 0,
        metrics: { correct: 0 },
        logs: { input: '1+1?', expected: '2', extracted: '3', output: '3' },
        error: null,
        time_seconds: 1,
      }),
      'iteration_000004/eval_win_replies.jsonl': lines({
        prompt_conversation: [{ role: 'user', content: 'Say hi.' }],
        completion: [{ role: 'assistant', content: 'Hello.' }],
        reply: {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm' },
            { type: 'text', text: 'Hi.' },
          ],
        },
        scores: { strict: 1, kind: 0, gone: null },
      }),
      'replies.jsonl': lines({ index: 0, reply: 'So: 4', answer: null, check: '' }),
    });
    const { transcripts } = await readAll(directory);
    expect(transcripts.map(({ source, label, step, score }) => [source, label, step, score])).toEqual([
      ['evaluation', 'arithmetic', null, 0],
      ['evaluation', 'win', 4, 0.5],
      ['sample', 'replies', null, null],
    ]);
    expect(transcripts.map(({ messages }) => messages.at(-1)?.text)).toEqual(['3', '<think>hm</think>Hi.', 'So: 4']);
    expect(transcripts[0].facts).toEqual({ example: 3, sample: 0, expected: '2', extracted: '3', correct: 0 });
    expect(transcripts[1].facts.compared_with).toBe('Hello.');
  });
});

describe('order and search', () => {
  it('the worst and the best come first, and no score last', async () => {
    const directory = await directoryOf({
      'iteration_000002/train_rollout_summaries.jsonl': lines(
        ...[0.5, 'NaN', 0, 1, 0.25].map((reward, i) => summary(i, reward)),
      ),
    });
    const { transcripts } = await readAll(directory);
    expect(transcripts.map(({ score }) => score)).toEqual([0, 1, 0.25, 0.5, null]);
  });

  it('a text is found in capitals or not, in what was said and in what is known', async () => {
    const directory = await directoryOf({
      'iteration_000002/train_rollout_summaries.jsonl': lines(
        summary(0, 1, { question: 'Über what?', reply: 'THE ANSWER' }),
        summary(1, 1, { question: 'Q', reply: 'R', extracted: 'nothing like it' }),
      ),
    });
    const found = async (text: string) =>
      (await readAll(directory, { wanted: (each) => holdsText(each, text) })).transcripts.map(
        ({ facts }) => facts.episode,
      );
    expect(await found('the ans')).toEqual([0]);
    expect(await found('ÜBER')).toEqual([0]);
    expect(await found('like IT')).toEqual([1]);
    expect(await found('.*')).toEqual([]);
  });
});

describe('bounds', () => {
  it('what lies behind them is counted', async () => {
    const all = lines(...Array.from({ length: 50 }, (_, i) => summary(i, i)));
    const directory = await directoryOf({ 'iteration_000002/train_rollout_summaries.jsonl': all });
    const few = await readAll(directory, { bounds: { transcripts: 3 } });
    expect([few.transcripts.length, few.found]).toEqual([3, 50]);
    const half = await readAll(directory, { bounds: { bytes: 1000 } });
    expect(half.bytes_left_out).toBe(Buffer.byteLength(all) - 1000);
    expect(half.problems).toEqual([]);
    expect(half.found).toBeLessThan(5);
  });

  it('a long message is cut, and not within a character', async () => {
    const directory = await directoryOf({
      'iteration_000002/train_rollout_summaries.jsonl': lines(summary(0, 1, { question: 'ab😀cdef', reply: 'x' })),
    });
    const { transcripts } = await readAll(directory, { bounds: { characters: 3 } });
    expect(transcripts[0].messages[0].text).toBe('ab… [6 more characters]');
  });
});

describe('what nobody should have written', () => {
  it('is counted and told', async () => {
    const directory = await directoryOf({
      'iteration_000001/train_logtree.json': '{"root": 3}',
      'iteration_000002/train_logtree.json': '{',
      'iteration_000002/train_rollout_summaries.jsonl': `nonsense\n{"a":1}\n${lines(summary(0, 1))}{"torn`,
      'iteration_000003/train_logtree.json': `{"root":${'{"tag":"div","children":['.repeat(4000)}${']}'.repeat(4000)}}`,
    });
    const { problems, found } = await readAll(directory);
    expect(found).toBe(1);
    expect(problems).toMatchInlineSnapshot(`
      [
        "iteration_000002/train_logtree.json: not valid JSON: Expected property name or '}' in JSON at position 1",
        "iteration_000002/train_rollout_summaries.jsonl: 2 lines could not be read",
        "iteration_000001/train_logtree.json: is no logtree",
      ]
    `);
  });

  it('never throws, whatever JSON stands there', async () => {
    const paths = [
      'iteration_000001/train_logtree.json',
      'iteration_000001/train_rollout_summaries.jsonl',
      'iteration_000001/eval_a_trajectories.jsonl',
      'iteration_000001/eval_a_replies.jsonl',
      'replies.jsonl',
    ];
    const shaped = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 5 }, fc.jsonValue(), tie('node'), fc.array(tie('value'), { maxLength: 3 })),
      node: fc.dictionary(
        fc.constantFrom(
          'root',
          'tag',
          'attrs',
          'children',
          'data',
          'id',
          'class',
          'messages',
          'role',
          'content',
          'steps',
          'split',
          'logs',
          'turns',
          'reply',
          'scores',
          'type',
          'group_idx',
        ),
        fc.oneof(
          fc.constantFrom(
            'section',
            'group-0',
            'group-0-episode-0',
            'details',
            'h2',
            'table',
            'tr',
            'td',
            'conversation',
            'action',
          ),
          tie('value'),
        ),
      ),
    }));
    const directory = await directoryOf(Object.fromEntries(paths.map((path) => [path, ''])));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), shaped.node, async (path, value) => {
        await writeFile(join(directory, path), `${JSON.stringify(value)}\n`);
        const { transcripts, problems } = await readAll(directory);
        // Anything else would be a defect that was caught.
        expect(problems.filter((problem) => !/could not be read|is no logtree|not valid JSON/.test(problem))).toEqual(
          [],
        );
        for (const { messages } of transcripts)
          for (const { role, text } of messages) expect([typeof role, typeof text]).toEqual(['string', 'string']);
      }),
      { numRuns: 300 },
    );
  });
});
