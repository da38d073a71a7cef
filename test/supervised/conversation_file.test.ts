// The conversation_file dataset: what is read and becomes what, what is held out, what is cut or left out and told.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import type { Renderer } from '../../src/renderers/types.ts';
import type { ConversationFileParams } from '../../src/supervised/dataset_params.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { writeParquet } from '../support/parquet.ts';
import { CHATML } from '../support/tiny_tokenizer.ts';
import {
  answer,
  build,
  chat,
  directory,
  numbered,
  refusal,
  roleColon,
  row,
  textsOf,
  tokenizer,
} from './support/conversations.ts';

describe('a good file', () => {
  test('becomes datums in batches, tail included', async () => {
    const { train, test: held, warnings } = await build(numbered(3));
    expect(await textsOf(train)).toEqual([0, 1, 2].map((i) => `User: q${i}\n\nAssistant: a${i}\n\nUser:`));
    expect(train.length).toBe(2);
    expect(await train.getBatch(1)).toHaveLength(1);
    expect(held).toBeNull();
    expect(warnings).toEqual([]);
  });

  test('may have a byte order mark, carriage returns and blank lines', async () => {
    const { train } = await build(`\uFEFF${chat('a', 'b')}\r\n\r\n  \r\n${chat('c', 'd')}\r\n`);
    expect(await textsOf(train)).toHaveLength(2);
  });

  test('weighs its examples as reduction says', async () => {
    const weigh = async (reduction: 'mean' | 'none') => {
      const { train } = await build(chat('q', 'a'), { reduction });
      const [datum] = await train.getBatch(0);
      return [...datum.loss_fn_inputs.weights.data].reduce((sum, weight) => sum + weight, 0);
    };
    expect(await weigh('mean')).toBeCloseTo(1, 6);
    expect(await weigh('none')).toBe(tokenizer.encode(' a\n\n').length + tokenizer.encode('User:').length);
  });

  test('is reordered every epoch, by its seed and that of the run', async () => {
    const order = async (seed: number, epoch: number) => {
      const { train } = await build(numbered(20), { shuffle_seed: 0 }, { seed });
      train.setEpoch(epoch);
      return (await textsOf(train)).join();
    };
    const orders = await Promise.all([order(0, 0), order(0, 1), order(1, 0), order(0, 0)]);
    expect(new Set(orders).size).toBe(3);
    expect(orders[3]).toBe(orders[0]);
  });

  test('may hold reasoning, parts, tool calls and null where others leave a field out', async () => {
    const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: { at: 'sea' } } };
    const messages = [
      {
        role: 'developer',
        content: [
          { type: 'text', text: 'Be ' },
          { type: 'text', text: 'brief.' },
        ],
        name: null,
      },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', content: 'blue', tool_call_id: 'c1', tool_calls: null },
      { role: 'assistant', content: 'Blue.', reasoning_content: 'hm' },
    ];
    const template = `${CHATML}{# tool_calls reasoning_content #}`.replace(
      "message.content + '",
      "(message.reasoning_content or '') + (message.tool_calls | tojson if message.tool_calls else '') + message.content + '",
    );
    const renderer = chatTemplateRenderer({ ...tokenizer, chatTemplate: template }, { currentDate: null });
    const { train } = await build(JSON.stringify({ messages, id: 7 }), {}, { renderer });
    expect((await textsOf(train))[0]).toBe(
      [
        '<|im_start|>developer\nBe brief.<|im_end|>\n',
        '<|im_start|>assistant\n[{"type": "function", "id": "c1", "function": {"name": "look", "arguments": {"at": "sea"}}}]<|im_end|>\n',
        '<|im_start|>tool\nblue<|im_end|>\n',
        '<|im_start|>assistant\nhmBlue.<|im_end|>\n',
      ].join(''),
    );
  });

  test('names the fields of messages that it does not know', async () => {
    const messages = [
      { role: 'user', content: 'q', time: 3 },
      { role: 'assistant', content: 'a', time: 4, weight: 1 },
    ];
    const { warnings } = await build(JSON.stringify({ messages }));
    expect(warnings).toEqual(['FILE: fields of messages that are not known here were ignored: "time", "weight"']);
  });
});

describe('data as other tools write them', () => {
  const SAID = 'User: q\n\nAssistant: a\n\nUser:';

  test.each([
    ['a JSON array', `[\n${chat('q', 'a')}\n]`],
    ['gzip', gzipSync(chat('q', 'a'))],
    ['UTF-16', Buffer.from(`\uFEFF${chat('q', 'a')}`, 'utf16le')],
    ['ShareGPT', '{"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}'],
    ['Alpaca', '{"instruction": "q", "input": "", "output": "a"}'],
    ['prompt and completion', '{"prompt": "q", "completion": "a"}'],
    ['preference', '{"prompt": "q", "chosen": "a", "rejected": "b"}'],
  ])('%s', async (what, bytes) => {
    const { train, warnings, notices } = await build(bytes);
    expect(await textsOf(train)).toEqual([SAID]);
    expect({ [what]: { warnings, notices } }).toMatchSnapshot();
  });

  test('Parquet', async () => {
    const select = `SELECT [{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': 'a'}] AS messages`;
    const file_path = await writeParquet(directory, 'a[1].parquet', select);
    const { train, warnings, notices } = await build('', { file_path });
    expect([await textsOf(train), warnings, notices]).toEqual([[SAID], [], []]);
  });

  test('Parquet rows are named by their number', async () => {
    const file_path = await writeParquet(directory, 'b.parquet', 'SELECT 1 AS a');
    expect(await refusal('', { file_path })).toBe(
      'DATA_VALIDATION /b.parquet: row 1: the row is of no format that is known here: it has "a"',
    );
  });

  test('with columns of other names', async () => {
    const { train } = await build('{"question": "q", "answer": "a"}', {
      columns: { prompt: 'question', completion: 'answer' },
    });
    expect(await textsOf(train)).toEqual([SAID]);
  });

  test('with tools, where the renderer can declare them', async () => {
    const chat_template = `{%- if tools -%}<|im_start|>tools\n{{ tools | tojson }}<|im_end|>\n{%- endif -%}${CHATML}`;
    const renderer = chatTemplateRenderer({ ...tokenizer, chatTemplate: chat_template }, { currentDate: null });
    const messages = [{ role: 'system', content: 's' }, { role: 'user', content: 'q' }, answer];
    const line = JSON.stringify({
      messages,
      tools: [{ type: 'function', function: { name: 'look', parameters: {} } }],
    });
    const { train } = await build(line, {}, { renderer });
    expect((await textsOf(train))[0]).toMatchInlineSnapshot(`
      "<|im_start|>tools
      [{"type": "function", "function": {"name": "look", "parameters": {}, "description": ""}}]<|im_end|><|im_start|>system
      s<|im_end|>
      <|im_start|>user
      q<|im_end|>
      <|im_start|>assistant
      a<|im_end|>
      "
    `);
  });
});

describe('what is said is trained, or told', () => {
  test('half of a character is refused where it stands', async () => {
    const half = (content: string) => `{"messages":[{"role":"user","content":"${content}"}]}`;
    expect(await refusal(`${chat('q', '🚀')}\n${half('a\\ud83d b')}`)).toBe(
      'DATA_VALIDATION FILE:2: messages[0]: holds \\ud83d, which is half of a character',
    );
    const call = { function: { name: 'f', arguments: '{"a": "\\udead"}' } };
    expect(await refusal(row({ role: 'assistant', content: null, tool_calls: [call] }))).toBe(
      'DATA_VALIDATION FILE:1: messages[0]: holds \\udead, which is half of a character',
    );
  });

  test('an empty reply', async () => {
    const { train, warnings } = await build(`${chat('q', 'a')}\n${chat('q', ' ')}`);
    expect(await textsOf(train)).toHaveLength(2);
    expect(warnings).toEqual(['FILE: 1 of 2 conversations hold an empty reply, which teaches to say nothing (line 2)']);
  });

  test('a system message beside the messages', async () => {
    const line = JSON.stringify({ messages: [{ role: 'user', content: 'q' }, answer], system: 's' });
    const { warnings } = await build(line);
    expect(warnings).toEqual([
      'FILE: "system" beside the messages is not used; columns: {system: system} makes it the system message',
    ]);
    const { train } = await build(line, { columns: { system: 'system' } });
    expect(await textsOf(train)).toEqual(['System: s\n\nUser: q\n\nAssistant: a\n\nUser:']);
  });

  test('a row that is nested too deeply is one line', async () => {
    const deep = `{"messages":[{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}}]}]}`;
    expect(await refusal(deep)).toBe('DATA_VALIDATION FILE:1: the row is nested too deeply');
  });
});

describe('length', () => {
  const LONG = chat('a long question', 'a long answer');
  const promptLength = () =>
    tokenizer.encode('User: a long question\n\n').length + tokenizer.encode('Assistant:').length;
  const fullLength = () =>
    promptLength() + tokenizer.encode(' a long answer\n\n').length + tokenizer.encode('User:').length;

  test('that fits exactly is not cut', async () => {
    const { train, warnings } = await build(LONG, { max_length: fullLength() });
    expect((await textsOf(train))[0]).toMatch(/User:$/);
    expect(warnings).toEqual([]);
  });

  test('beyond max_length is cut, and told', async () => {
    const { train, warnings } = await build(`${chat('q', 'a')}\n${LONG}`, { max_length: fullLength() - 1 });
    expect((await textsOf(train))[1]).toMatch(/answer\n\nUser$/);
    expect(warnings).toEqual([`FILE: 1 of 2 conversations cut to max_length ${fullLength() - 1} (line 2)`]);
  });

  test('that leaves one trained token keeps the example, one less does not', async () => {
    const kept = await build(`${chat('q', 'a')}\n${LONG}`, { max_length: promptLength() + 1 });
    expect(await textsOf(kept.train)).toHaveLength(2);
    const lost = await build(`${chat('q', 'a')}\n${LONG}\n${LONG}`, { max_length: promptLength() });
    expect(await textsOf(lost.train)).toHaveLength(1);
    expect(lost.warnings).toEqual([
      `FILE: 2 of 3 conversations left out, with every trained token beyond max_length ${promptLength()} (lines 2, 3)`,
    ]);
  });

  test("is the model's where the spec names none, and never more", async () => {
    const { train } = await build(chat('q', 'a'.repeat(3000)));
    const [datum] = await train.getBatch(0);
    expect(tokensOf(datum.model_input)).toHaveLength(999);
    expect(await refusal(LONG, { max_length: 1001 })).toBe(
      'CONFIGURATION max_length 1001 is more than the 1000 tokens that the model takes',
    );
  });
});

test('conversations with nothing to train on are left out, and told', async () => {
  const { train, warnings } = await build(`${chat('q', 'a')}\n${row({ role: 'user', content: 'q' })}`);
  expect(await textsOf(train)).toHaveLength(1);
  expect(warnings).toEqual([
    'FILE: 1 of 2 conversations left out, with nothing to train on by train_on_what: all_assistant_messages (line 2)',
  ]);
});

test('a renderer that rewrites history is warned of where several replies are trained', async () => {
  const turns = [{ role: 'user', content: 'q' }, answer, { role: 'user', content: 'q' }, answer];
  const renderer: Renderer = { ...roleColon, hasExtensionProperty: false };
  const { warnings } = await build(`${chat('q', 'a')}\n${row(...turns)}`, {}, { renderer });
  expect(warnings).toMatchInlineSnapshot(`
    [
      "FILE: 1 of 2 conversations hold several replies, and this renderer shows earlier ones otherwise than the model wrote them; train_on_what: last_assistant_message trains on what the model sees",
    ]
  `);
});

describe('the held-out set', () => {
  test('is taken out of the shuffled file, and nothing is in both', async () => {
    const { train, test: held } = await build(numbered(10), { test_size: 3, shuffle_seed: 0 });
    const [trained, measured] = await Promise.all([textsOf(train), textsOf(held)]);
    expect([trained.length, measured.length, held?.length]).toEqual([7, 3, 2]);
    expect(new Set([...trained, ...measured]).size).toBe(10);
  });

  test('is the same for every seed, length and batch size', async () => {
    const texts = async (params: Partial<ConversationFileParams>, seed: number) =>
      textsOf((await build(numbered(10), { test_size: 3, shuffle_seed: 5, ...params }, { seed })).test);
    const first = await texts({}, 0);
    expect(await texts({ batch_size: 7 }, 1)).toEqual(first);
    expect((await texts({ max_length: 30 }, 2)).map((text) => text.slice(0, 8))).toEqual(
      first.map((text) => text.slice(0, 8)),
    );
    expect(await texts({ shuffle_seed: 6 }, 0)).not.toEqual(first);
  });

  test('is the beginning of a file that is not shuffled', async () => {
    const { test: held } = await build(numbered(4), { test_size: 1 });
    expect(await textsOf(held)).toEqual(['User: q0\n\nAssistant: a0\n\nUser:']);
  });

  test('can be a file of its own', async () => {
    const test_file_path = join(directory, 'test.jsonl');
    await writeFile(test_file_path, numbered(1));
    const { train, test: held } = await build(numbered(4), { test_file_path });
    expect([await textsOf(train), await textsOf(held)].map((texts) => texts.length)).toEqual([4, 1]);
  });

  test.each([
    [{ test_size: 4 }, 'DATA_VALIDATION FILE: test_size 4 leaves none of its 4 rows to train on'],
    [
      { test_size: 1, test_file_path: 'x' },
      'CONFIGURATION test_size and test_file_path both name a held-out set: leave one out',
    ],
  ])('cannot be %j', async (params, message) => {
    expect(await refusal(numbered(4), params)).toBe(message);
  });
});

test('conversations need a renderer', async () => {
  expect(await refusal(numbered(1), {}, { renderer: null })).toBe(
    'CONFIGURATION conversations need a renderer: set renderer, e.g. role_colon',
  );
});
