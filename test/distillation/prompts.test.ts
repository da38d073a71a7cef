// Prompts from files: what is a prompt, and what is said of files that hold none.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { rlDatasetSlot } from '../../src/rl/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { testRenderer } from '../rl/support/scripted_policy.ts';

let directory: string;
const renderer = testRenderer();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-prompts-'));
});

const lines = (...rows: unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

async function build(rows: string, params: JsonObject = {}) {
  const warnings: string[] = [];
  const file_path = join(directory, 'rows.jsonl');
  await writeFile(file_path, rows);
  const { train } = await builtinRegistry().build(
    rlDatasetSlot,
    { builder: 'prompts', file_path, groups_per_batch: 2, ...params },
    {
      tokenizer: renderer.tokenizer,
      renderer,
      maxContextLength: 1024,
      maxTokens: 8,
      seed: 0,
      warn: (text) => warnings.push(text.replaceAll(`${directory}/`, '')),
    },
  );
  return { train, warnings };
}

/** What is asked, in the order of the file. */
async function asked(rows: string, params: JsonObject = {}): Promise<string[]> {
  const { train } = await build(rows, params);
  const groups = Array.from({ length: train.length }, (_, index) => train.getBatch(index)).flat();
  const texts = groups.map(async (group) => {
    const [env] = await group.makeEnvs();
    const first = await env.initialObservation();
    return 'overflow' in first ? 'overflow' : renderer.tokenizer.decode(tokensOf(first.observation));
  });
  return (await Promise.all(texts)).sort();
}

const prompt = (...said: string[]) =>
  `${said.map((text, i) => `<|im_start|>${i % 2 === 0 ? 'user' : 'assistant'}\n${text}<|im_end|>\n`).join('')}<|im_start|>assistant\n`;

describe('a prompt', () => {
  it.each<[string, object[]]>([
    ['a column prompt', [{ prompt: 'Hi' }, { prompt: 'Who?' }]],
    [
      'a column question, whatever the answer',
      [
        { question: 'Hi', answer: '1' },
        { question: 'Who?', answer: '2' },
      ],
    ],
    ['messages as a prompt', [{ prompt: [{ role: 'user', content: 'Hi' }] }, { prompt: 'Who?' }]],
    [
      'what stands before the last reply of a conversation',
      ['Hi', 'Who?'].map((content) => ({
        messages: [
          { role: 'user', content },
          { role: 'assistant', content: 'Yes.' },
        ],
      })),
    ],
    ['the prompt of a completion', ['Hi', 'Who?'].map((text) => ({ prompt: text, completion: 'Yes.' }))],
    ['once, where two rows have it', [{ prompt: 'Hi' }, { prompt: 'Who?' }, { prompt: 'Hi' }]],
  ])('is %s', async (_, rows) => {
    expect(await asked(lines(...rows))).toEqual([prompt('Hi'), prompt('Who?')]);
  });

  it('stands behind convo_prefix', async () => {
    const convo_prefix = [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Good day' },
    ];
    expect(await asked(lines({ prompt: 'Hi' }), { convo_prefix })).toEqual([prompt('Hello', 'Good day', 'Hi')]);
  });

  it('that is too long is left out and counted', async () => {
    const rows = lines({ prompt: 'Hi' }, { prompt: 'x'.repeat(300) });
    const { train, warnings } = await build(rows, { max_prompt_tokens: 100 });
    expect(train.getBatch(0)).toHaveLength(1);
    expect(warnings).toEqual([
      expect.stringMatching(
        /rows\.jsonl: 1 of 2 prompts left out, longer than max_prompt_tokens 100 \(the longest has 3\d\d tokens\)$/,
      ),
    ]);
    await expect(build(rows, { max_prompt_tokens: 3 })).rejects.toThrow(
      'all prompts are longer than max_prompt_tokens 3',
    );
    expect((await build(rows, { max_prompt_tokens: null })).train.getBatch(0)).toHaveLength(2);
  });

  it('comes once in a pass; the last batch has what is left', async () => {
    const { train } = await build(lines({ prompt: 'a' }, { prompt: 'b' }, { prompt: 'c' }));
    expect(Array.from({ length: train.length }, (_, index) => train.getBatch(index).length)).toEqual([2, 1]);
  });
});

describe('a row that is no prompt is refused with its line', () => {
  it.each<[string, string, string]>([
    ['empty', lines({ prompt: 'Hi' }, { prompt: ' ' }), ':2: "prompt" is empty'],
    ['a number', lines({ prompt: 7 }), ':1: '],
    ['of another kind than the first', lines({ question: 'Hi' }, { prompt: 'Who?' }), ':2: '],
    ['nothing that is known', lines({ text: 'Hi' }), ':1: '],
    [
      'a conversation with nothing before the reply',
      lines({ messages: [{ role: 'assistant', content: 'Yes.' }] }),
      ':1: ',
    ],
    ['messages without a role', lines({ prompt: [{ content: 'Hi' }] }), ':1: '],
    ['no JSON', '{"prompt": NaN}\n', ':1: '],
    ['no object', '"Hi"\n', ':1: '],
    ['nested too deeply', `{"prompt": ${'['.repeat(20_000)}${']'.repeat(20_000)}}\n`, ':1: '],
    ['nothing at all', '', 'the file is empty'],
  ])('%s', async (_, rows, message) => {
    await expect(build(rows)).rejects.toThrow(message);
  });

  it('or skipped and counted', async () => {
    const { train, warnings } = await build(lines({ prompt: 'Hi' }, { prompt: '' }), { on_bad_row: 'skip' });
    expect(train.getBatch(0)).toHaveLength(1);
    expect(warnings).toEqual([expect.stringContaining('skipped 1 of 2 rows: line 2: "prompt" is empty')]);
    await expect(build(lines({ prompt: '' }), { on_bad_row: 'skip' })).rejects.toThrow();
  });
});
