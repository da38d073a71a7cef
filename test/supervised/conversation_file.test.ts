// The conversation_file dataset: what is read, what is refused with which words, what is held out, what is left out.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { Registry } from '../../src/registry/registry.ts';
import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import { getRenderer } from '../../src/renderers/get_renderer.ts';
import type { Renderer } from '../../src/renderers/types.ts';
import { datasetBuilders } from '../../src/supervised/builders.ts';
import type { ConversationFileParams } from '../../src/supervised/dataset_params.ts';
import { datasetSlot, type SupervisedDataset } from '../../src/supervised/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import type { Tokenizer } from '../../src/tokenizers/types.ts';
import { CookbookError } from '../../src/util/errors.ts';
import { writeParquet } from '../support/parquet.ts';
import { CHATML, tinyTokenizer } from '../support/tiny_tokenizer.ts';

let tokenizer: Tokenizer;
let roleColon: Renderer;
let directory: string;
beforeAll(async () => {
  tokenizer = await tinyTokenizer();
  roleColon = getRenderer('role_colon', tokenizer);
  directory = await mkdtemp(join(tmpdir(), 'conversations-'));
});

const PARAMS = { builder: 'conversation_file', batch_size: 2, shuffle_seed: null, reduction: 'none' };

/** Builds from the bytes of a file; warnings and errors name it FILE. */
async function build(
  bytes: string | Buffer,
  params: Partial<ConversationFileParams> = {},
  { renderer = roleColon, seed = 0 }: { renderer?: Renderer | null; seed?: number } = {},
) {
  const file = join(directory, 'file.jsonl');
  await writeFile(file, bytes);
  const warnings: string[] = [];
  const notices: string[] = [];
  const shown = (message: string) => message.replaceAll(directory, '').replaceAll('/file.jsonl', 'FILE');
  const context = {
    tokenizer,
    renderer,
    maxContextLength: 1000,
    seed,
    warn: (message: string) => warnings.push(shown(message)),
    notify: (message: string) => notices.push(shown(message)),
  };
  const ref = { ...PARAMS, file_path: file, ...params };
  return { ...(await new Registry(datasetBuilders).build(datasetSlot, ref, context)), warnings, notices };
}

async function refusal(...args: Parameters<typeof build>): Promise<string> {
  const error = await build(...args).then(
    () => new Error('accepted'),
    (thrown) => thrown,
  );
  if (!(error instanceof CookbookError)) throw error;
  return `${error.code} ${error.message.replaceAll(directory, '').replaceAll('/file.jsonl', 'FILE')}`;
}

const chat = (question: string, answer: string) =>
  JSON.stringify({
    messages: [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ],
  });
const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => chat(`q${index}`, `a${index}`)).join('\n');

async function textsOf(dataset: SupervisedDataset | null): Promise<string[]> {
  if (dataset === null) return [];
  const batches = await Promise.all(Array.from({ length: dataset.length }, (_, index) => dataset.getBatch(index)));
  return batches.flat().map((datum) => {
    const { target_tokens } = datum.loss_fn_inputs;
    return tokenizer.decode([...tokensOf(datum.model_input).slice(0, 1), ...target_tokens.data]);
  });
}

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

const row = (...messages: unknown[]) => JSON.stringify({ messages });
const answer = { role: 'assistant', content: 'a' };
const MALFORMED: [what: string, line: string | Buffer, message: string | RegExp][] = [
  ['broken JSON', '{"messages": [', /^DATA_FORMAT FILE:2: not valid JSON: /],
  ['a row that is no object', '[1]', 'DATA_FORMAT FILE:2: each line must hold a JSON object'],
  ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'DATA_FORMAT FILE:2: not valid UTF-8'],
  [
    'a line of 10 MB',
    `{"messages": "${'x'.repeat(10_000_000)}"}`,
    'DATA_FORMAT FILE:2: the line is 9.5 MiB long; more than 8 MiB is taken for a mistake',
  ],
  [
    'no messages',
    '{"conversations": [], "id": 1}',
    'DATA_VALIDATION FILE:2: the row has no "messages"; it has "conversations", "id"',
  ],
  ['nothing', '{}', 'DATA_VALIDATION FILE:2: the row has no "messages"'],
  [
    'messages as text',
    row().replace('[]', '"hi"'),
    'DATA_VALIDATION FILE:2: messages: must be a list of at least one message, not the string "hi"',
  ],
  [
    'an empty list',
    row(),
    'DATA_VALIDATION FILE:2: messages: must be a list of at least one message, not an empty list',
  ],
  [
    'a message as text',
    row('hi'),
    'DATA_VALIDATION FILE:2: messages[0]: must be an object with a role and a content, not the string "hi"',
  ],
  ['no role', row({ content: 'q' }), 'DATA_VALIDATION FILE:2: messages[0]: has no role'],
  [
    'a misspelt role',
    row({ role: 'asistant', content: '' }),
    'DATA_VALIDATION FILE:2: messages[0].role: unknown role "asistant"; did you mean "assistant"?',
  ],
  [
    'an unknown role',
    row({ role: 'gpt', content: '' }),
    'DATA_VALIDATION FILE:2: messages[0].role: unknown role "gpt"; it must be one of system, developer, user, assistant, tool',
  ],
  [
    'a role that is a number',
    row({ role: 1, content: '' }),
    'DATA_VALIDATION FILE:2: messages[0].role: unknown role 1; it must be one of system, developer, user, assistant, tool',
  ],
  [
    'no content',
    row({ role: 'user' }),
    'DATA_VALIDATION FILE:2: messages[0].content: must be text or a list of parts, not absent',
  ],
  [
    'content that is null',
    row(answer, { role: 'user', content: null }),
    'DATA_VALIDATION FILE:2: messages[1].content: must be text or a list of parts, not null',
  ],
  [
    'content that is a number',
    row({ role: 'user', content: 7 }),
    'DATA_VALIDATION FILE:2: messages[0].content: must be text or a list of parts, not the number 7',
  ],
  [
    'content that is an object',
    row({ role: 'user', content: {} }),
    'DATA_VALIDATION FILE:2: messages[0].content: must be text or a list of parts, not an object',
  ],
  [
    'a part that is text',
    row({ role: 'user', content: ['hi'] }),
    'DATA_VALIDATION FILE:2: messages[0].content[0]: must be an object, not the string "hi"',
  ],
  [
    'an image',
    row({ role: 'user', content: [{ type: 'image_url' }] }),
    'DATA_VALIDATION FILE:2: messages[0].content[0]: must be {"type": "text", "text": …} or {"type": "thinking", "thinking": …}; its type is "image_url"',
  ],
  [
    'trainable as text',
    row({ ...answer, trainable: 'yes' }),
    'DATA_VALIDATION FILE:2: messages[0].trainable: must be true or false, not the string "yes"',
  ],
  [
    'trainable without customized',
    row({ ...answer, trainable: true }),
    'DATA_VALIDATION FILE:2: messages[0] has "trainable", which train_on_what: all_assistant_messages does not go by',
  ],
  [
    'a name that is a list',
    row({ ...answer, name: ['x'] }),
    'DATA_VALIDATION FILE:2: messages[0].name: must be text, not a list',
  ],
  [
    'tool calls as an object',
    row({ ...answer, tool_calls: {} }),
    'DATA_VALIDATION FILE:2: messages[0].tool_calls: must be a list, not an object',
  ],
  [
    'a call of nothing',
    row({ ...answer, tool_calls: [{}] }),
    'DATA_VALIDATION FILE:2: messages[0].tool_calls[0]: must be {"function": {"name": …, "arguments": …}}',
  ],
  [
    'arguments that are a list',
    row({ ...answer, tool_calls: [{ function: { name: 'f', arguments: [] } }] }),
    'DATA_VALIDATION FILE:2: messages[0].tool_calls[0].function.arguments: must be an object or JSON text, not an empty list',
  ],
  [
    'declared tools',
    '{"messages": [{"role": "user", "content": ""}], "tools": [{}]}',
    'DATA_VALIDATION FILE:2: tools[0]: must be {"name": …, "description": …, "parameters": …}',
  ],
  [
    'tools that the renderer cannot declare',
    '{"messages": [{"role": "user", "content": ""}], "tools": [{"name": "look"}]}',
    'DATA_VALIDATION FILE:2: this renderer has no way to declare tools',
  ],
  [
    'what the renderer cannot express',
    row({ ...answer, reasoning_content: 'hm' }),
    'DATA_VALIDATION FILE:2: this renderer expects text, but a message of role "assistant" holds reasoning',
  ],
];

describe('a bad row', () => {
  const file = (line: string | Buffer) =>
    Buffer.concat([Buffer.from(`${chat('q', 'a')}\n`), Buffer.from(line), Buffer.from(`\n${chat('q', 'a')}\n`)]);

  test.each(MALFORMED)('%s is named with its place', async (_, line, message) => {
    expect(await refusal(file(line))).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  test.each(MALFORMED)('%s is skipped and counted if asked', async (_, line, message) => {
    const { train, warnings } = await build(file(line), { on_bad_row: 'skip' });
    expect(await textsOf(train)).toHaveLength(2);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^FILE: skipped 1 of 3 rows: line 2: /);
    if (typeof message === 'string') expect(warnings[0]).toContain(message.replace(/^\w+ FILE:2: /, ''));
  });

  test('among many is counted, and the first few are named', async () => {
    const { warnings } = await build(`${chat('q', 'a')}\n${'[]\n'.repeat(9)}`, { on_bad_row: 'skip' });
    expect(warnings).toMatchInlineSnapshot(`
      [
        "FILE: skipped 9 of 10 rows: line 2: each line must hold a JSON object; line 3: each line must hold a JSON object; line 4: each line must hold a JSON object; line 5: each line must hold a JSON object; line 6: each line must hold a JSON object; and 4 more",
      ]
    `);
  });

  test('says how to go on', async () => {
    await expect(build('7')).rejects.toMatchObject({ hint: expect.stringContaining('on_bad_row: skip') });
  });
});

describe('a file that cannot be trained on', () => {
  test.each([
    ['empty', '', 'DATA_VALIDATION FILE: the file is empty'],
    ['blank', '\n \n', 'DATA_VALIDATION FILE: the file is empty'],
    [
      'without a reply',
      row({ role: 'user', content: 'q' }),
      'DATA_VALIDATION FILE: no conversation is left that has a token to train on',
    ],
  ])('%s', async (_, bytes, message) => {
    expect(await refusal(bytes)).toBe(message);
  });

  test('missing', async () => {
    const file_path = join(directory, 'missing.jsonl');
    expect(await refusal(chat('q', 'a'), { file_path })).toBe('CONFIGURATION /missing.jsonl: no such file');
  });

  test('only of bad rows', async () => {
    expect(await refusal('[]\n[]', { on_bad_row: 'skip' })).toMatch(/no conversation is left/);
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
