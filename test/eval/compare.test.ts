// Two evaluations held against each other, from the files that they leave.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { compareEvaluations } from '../../src/eval/compare.ts';
import { compareScreen } from '../../src/eval/compare_screen.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

interface Given {
  example: number;
  reward: number;
  sample?: number;
  error?: string;
  grader?: string;
}

const line = ({ example, reward, sample = 0, error, grader = 'sums 1' }: Given, benchmark: string) =>
  JSON.stringify({
    idx: example,
    benchmark,
    example_id: `e${example}`,
    sample,
    grader,
    turns: [],
    reward,
    metrics: {},
    logs: { input: `What is\n${example} + 1?`, expected: String(example + 1), extracted: String(reward), output: '' },
    error: error ?? null,
    time_seconds: 1,
  });

async function evaluation(
  answers: readonly Given[],
  {
    settings = { model: 'm', temperature: 0 },
    result,
    name = 'sums',
    tail = '',
  }: { settings?: object; result?: object; name?: string; tail?: string } = {},
): Promise<string> {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, name));
  await writeFile(join(directory, name, 'settings.json'), JSON.stringify(settings));
  if (result !== undefined) await writeFile(join(directory, name, 'result.json'), JSON.stringify(result));
  const text = answers.map((answer) => `${line(answer, name)}\n`).join('');
  await writeFile(join(directory, name, 'trajectories.jsonl'), text + tail);
  return directory;
}

const options = { benchmark: null, seed: 0 };
const rights = (rewards: readonly number[]): Given[] => rewards.map((reward, example) => ({ example, reward }));

describe('two evaluations', () => {
  it('are compared on the examples that both have', async () => {
    const a = await evaluation(rights([1, 1, 0, 0, 0, 0, 0, 0, 0, 1]));
    const b = await evaluation(rights([1, 0, 1, 1, 1, 1, 1, 1, 1]), { settings: { model: 'n', temperature: 0.5 } });
    const compared = await compareEvaluations({ a, b, ...options });
    const places = (text: string) => text.replaceAll(a, 'A').replaceAll(b, 'B');
    const shown = compareScreen(compared, { most: 2, colors: pc.createColors(false), width: 120 });
    expect(places(shown.join('\n'))).toMatchInlineSnapshot(`
      "
      sums: b is 66.7 points better than a, no more than chance explains (95 % interval: 22.2 to 100.0; p = 0.0703, McNemar's
        exact test)

        a  22.2 % right of 9 examples, A/sums/trajectories.jsonl
        b  88.9 % right of 9 examples, B/sums/trajectories.jsonl
        note: temperature is 0 in a and 0.5 in b
        note: 1 example of a left out, which the other has not answered

      better in b: 7 examples
        What is 2 + 1?  expected 3; a: 0, b: 1
        What is 3 + 1?  expected 4; a: 0, b: 1
        and 5 more: --all shows them

      worse in b: 1 example
        What is 1 + 1?  expected 2; a: 1, b: 0"
    `);
    expect(compared[0]).toMatchObject({ num_examples: 9, p_value: (2 * (1 + 8)) / 2 ** 8 });
    expect(compared[0].better.map(({ example_id }) => example_id)).toEqual(['e2', 'e3', 'e4', 'e5', 'e6', 'e7', 'e8']);
    expect(compared[0].worse.map(({ example_id }) => example_id)).toEqual(['e1']);
  });

  it('with several answers to an example are compared by their shares', async () => {
    const a = await evaluation([0, 1].flatMap((sample) => rights([1, 0]).map((each) => ({ ...each, sample }))));
    const b = await evaluation([...rights([1, 1]), { example: 1, reward: 0, sample: 1 }]);
    const [compared] = await compareEvaluations({ a, b, ...options });
    expect(compared).toMatchObject({ score_a: 0.5, score_b: 0.75, test: 'sign_flips' });
    expect(compared.better).toMatchObject([{ example_id: 'e1', share_a: 0, share_b: 0.5 }]);
  });

  it('count the last line of an answer, failed ones as wrong, and a torn line not at all', async () => {
    const a = await evaluation([{ example: 0, reward: 0, error: 'late' }, ...rights([1, 1])], {
      tail: '{"idx": 3, "bench',
    });
    const b = await evaluation([...rights([1]), { example: 1, reward: 0, error: 'lost', grader: 'sums 2' }]);
    const [compared] = await compareEvaluations({ a, b, ...options });
    expect(compared).toMatchObject({ num_examples: 2, score_a: 1, score_b: 0.5 });
    expect(compared.notices).toEqual([
      'answers of the two were judged by different graders: evaluate the older one again',
      '0 answers of a and 1 of b have failed, which counts as wrong',
    ]);
  });

  it('keep an answer whose judging anew has failed', async () => {
    const a = await evaluation([
      ...rights([1, 0, 1]),
      ...rights([0, 0, 0]).map((each) => ({ ...each, error: 'no judge', grader: 'sums 2' })),
    ]);
    const b = await evaluation(rights([1, 0, 1]));
    const [compared] = await compareEvaluations({ a, b, ...options });
    expect(compared).toMatchObject({ score_a: 2 / 3, score_b: 2 / 3, notices: [] });
  });

  it('say where a directory has answers to more examples than its result is of', async () => {
    const a = await evaluation(rights([1, 1, 0, 0, 0]), { result: { num_examples: 2 } });
    const b = await evaluation(rights([1, 1, 0, 0, 0]), { result: { num_examples: 5 } });
    const [compared] = await compareEvaluations({ a, b, ...options });
    expect(compared.notices).toEqual([
      'a has answers to 5 examples, and its last result is of 2: those asked under another --set or --limit count here too',
    ]);
  });

  it('are refused where they have nothing in common, or are none', async () => {
    const a = await evaluation(rights([1]));
    const other = await evaluation(rights([1]), { name: 'products' });
    await expect(compareEvaluations({ a, b: other, ...options })).rejects.toThrow(/has sums, and .* has products/);
    const late = await evaluation([{ example: 7, reward: 1 }]);
    await expect(compareEvaluations({ a, b: late, ...options })).rejects.toThrow(
      'sums: the two have no example in common',
    );
    await expect(compareEvaluations({ a, b: join(a, 'nowhere'), ...options })).rejects.toThrow('holds no results');
    await writeFile(join(late, 'sums/trajectories.jsonl'), `{"idx": 1}\n${line({ example: 7, reward: 1 }, 'sums')}\n`);
    await expect(compareEvaluations({ a, b: late, ...options })).rejects.toThrow(/trajectories\.jsonl:1: /);
  });
});
