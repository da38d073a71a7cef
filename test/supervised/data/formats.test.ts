// The formats of rows: told apart, turned into conversations, refused with what was found and what to do.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Message } from '../../../src/renderers/types.ts';
import { conversationReader } from '../../../src/supervised/data/formats.ts';
import type { ColumnNames, DataFormat } from '../../../src/supervised/data/options.ts';
import { CookbookError } from '../../../src/util/errors.ts';
import type { JsonObject } from '../../../src/util/json.ts';

type Options = { format?: DataFormat; columns?: ColumnNames | null };

function readerOf({ format = 'auto', columns = null }: Options) {
  return conversationReader({ format, columns });
}

const place = (number: number) => ({ unit: 'line' as const, number });

function conversation(row: JsonObject, options: Options = {}): Message[] {
  return readerOf(options).read(row, place(1)).messages;
}

/** `user: hi / assistant: yo`. */
function said(row: JsonObject, options: Options = {}): string {
  return conversation(row, options)
    .map(({ role, content, tool_calls }) => {
      const calls = tool_calls?.map(({ function: f }) => `${f.name}(${f.arguments})`).join() ?? '';
      return `${role}: ${typeof content === 'string' ? content : JSON.stringify(content)}${calls}`;
    })
    .join(' / ');
}

/** The message and the hint of what is thrown for the last of the rows. */
function refusal(rows: JsonObject[], options: Options = {}): string {
  const reader = readerOf(options);
  const last = rows.length;
  for (const [index, row] of rows.slice(0, -1).entries()) reader.read(row, place(index + 1));
  try {
    reader.read(rows[last - 1] ?? {}, place(last));
  } catch (error) {
    if (error instanceof CookbookError) return [error.message, error.hint ?? ''].join(' | ');
    throw error;
  }
  throw new Error('accepted');
}

const user = (content: string): Message => ({ role: 'user', content });
const assistant = (content: string): Message => ({ role: 'assistant', content });
const gpt = (value: string) => ({ from: 'gpt', value });
const human = (value: string) => ({ from: 'human', value });

describe('each format is told from the others', () => {
  test.each<[name: string, row: JsonObject, notice: string | null, text: string]>([
    ['messages', { messages: [{ role: 'user', content: 'hi' }] }, null, 'user: hi'],
    ['messages in another column', { conversations: [{ role: 'user', content: 'hi' }] }, null, 'user: hi'],
    ['sharegpt', { conversations: [human('hi'), gpt('yo')] }, 'sharegpt', 'user: hi / assistant: yo'],
    [
      'sharegpt in a column of messages',
      { messages: [human('hi'), gpt('yo')] },
      'sharegpt',
      'user: hi / assistant: yo',
    ],
    ['alpaca', { instruction: 'Add', input: '', output: '3' }, 'alpaca', 'user: Add / assistant: 3'],
    [
      'alpaca with an input',
      { instruction: 'Add', input: '1, 2', output: '3' },
      'alpaca',
      'user: Add\n1, 2 / assistant: 3',
    ],
    ['prompt and completion', { prompt: 'hi', completion: 'yo' }, 'prompt_completion', 'user: hi / assistant: yo'],
    [
      'prompt and completion as messages',
      {
        prompt: [
          { role: 'system', content: 's' },
          { role: 'user', content: 'hi' },
        ],
        completion: [{ role: 'assistant', content: 'yo' }],
      },
      'prompt_completion',
      'system: s / user: hi / assistant: yo',
    ],
    ['preference', { prompt: 'hi', chosen: 'yo', rejected: 'no' }, 'preference', 'user: hi / assistant: yo'],
    [
      'preference with whole conversations',
      {
        prompt: 'hi',
        chosen: [
          { role: 'user', content: 'hi' },
          { role: 'assistant', content: 'yo' },
        ],
        rejected: [
          { role: 'user', content: 'hi' },
          { role: 'assistant', content: 'no' },
        ],
      },
      'preference',
      'user: hi / assistant: yo',
    ],
    [
      'preference in the words of ShareGPT',
      { conversations: [human('hi')], chosen: gpt('yo'), rejected: gpt('no') },
      'preference',
      'user: hi / assistant: yo',
    ],
    [
      'preference in the words of Alpaca',
      { instruction: 'Add', input: '1', chosen: 'yo', rejected: 'no' },
      'preference',
      'user: Add\n1 / assistant: yo',
    ],
    [
      'messages beside anything',
      { messages: [{ role: 'user', content: 'hi' }], prompt: 'p', completion: 'c', chosen: 'c', rejected: 'r' },
      null,
      'user: hi',
    ],
  ])('%s', (_, row, format, text) => {
    const reader = readerOf({});
    reader.read(row, place(1));
    expect(reader.notices().filter(({ message }) => message.startsWith('read as'))).toEqual(
      format === null ? [] : [expect.objectContaining({ message: expect.stringMatching(`^read as ${format}: `) })],
    );
    expect(said(row)).toBe(text);
  });

  test('with a notice, and a warning where something is left out', () => {
    const noticeOf = (row: JsonObject) => {
      const reader = readerOf({});
      reader.read(row, place(1));
      const [notice] = reader.notices();
      return notice;
    };
    expect(noticeOf({ prompt: 'hi', completion: 'yo' })).toEqual({
      level: 'notice',
      message: 'read as prompt_completion: "prompt" is asked, "completion" is learned',
    });
    expect(noticeOf({ prompt: 'hi', chosen: 'yo', rejected: 'no' })).toEqual({
      level: 'warning',
      message: 'read as preference: the "chosen" answers are learned, the "rejected" ones are not used',
    });
  });

  test('by the first row, and a row of another format is refused', () => {
    expect(
      refusal([
        { prompt: 'a', completion: 'b' },
        { instruction: 'a', output: 'b' },
      ]),
    ).toMatchInlineSnapshot(
      `"the row is of the format alpaca, and those from line 1 on are of prompt_completion | Give each format a file of its own, or set format: prompt_completion."`,
    );
  });

  test('unless the spec says it', () => {
    const both = { prompt: 'p', completion: 'c', chosen: 'x', rejected: 'y' };
    expect([said(both), said(both, { format: 'prompt_completion' })]).toEqual([
      'user: p / assistant: x',
      'user: p / assistant: c',
    ]);
    expect(refusal([{ prompt: 'a', completion: 'b' }], { format: 'alpaca' })).toBe(
      'the row has no "output"; it has "prompt", "completion" | ',
    );
  });
});

test.each<[what: string, row: JsonObject]>([
  ['question and answer', { question: 'q', answer: 'a', id: 1 }],
  ['input and output', { input: 'q', output: 'a' }],
  ['instruction, context, response', { instruction: 'q', context: 'c', response: 'a' }],
  ['messages under another name', { dialog: [{ role: 'user', content: 'q' }] }],
  ['documents', { text: 'once' }],
  ['numbers', { a: 1 }],
  ['nothing', {}],
  ['thirty columns', Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`c${i}`, i]))],
])('a row of no format is told what to do: %s', (_, row) => {
  expect(refusal([row])).toMatchSnapshot();
});

describe('columns of other names', () => {
  test.each<[row: JsonObject, columns: ColumnNames, text: string]>([
    [{ question: 'q', answer: 'a' }, { prompt: 'question', completion: 'answer' }, 'user: q / assistant: a'],
    [{ input: 'q', output: 'a' }, { prompt: 'input', completion: 'output' }, 'user: q / assistant: a'],
    [{ prompt: 'a', completion: 'q' }, { prompt: 'completion', completion: 'prompt' }, 'user: q / assistant: a'],
    [{ instruction: 'q', response: 'a' }, { output: 'response', input: 'context' }, 'user: q / assistant: a'],
    [{ dialog: [human('q')] }, { messages: 'dialog' }, 'user: q'],
    [{ messages: [{ role: 'user', content: 'q' }], sys: 's' }, { system: 'sys' }, 'system: s / user: q'],
    [{ prompt: 'q', completion: 'a' }, { prompt: null }, 'user: q / assistant: a'],
  ])('%j with %j', (row, columns, text) => {
    expect(said(row, { columns })).toBe(text);
  });

  test('that are missing are named; what every object has is no column', () => {
    expect(refusal([{ a: 1 }], { columns: { prompt: 'question' } })).toBe('the row has no "question"; it has "a" | ');
    expect(refusal([{ a: 1 }], { columns: { prompt: 'constructor' } })).toBe(
      'the row has no "constructor"; it has "a" | ',
    );
    const row: JsonObject = JSON.parse('{"__proto__": "q", "completion": "a"}');
    expect(said(row, { columns: { prompt: '__proto__' } })).toBe('user: q / assistant: a');
  });
});

describe('ShareGPT', () => {
  test('has many names for the roles', () => {
    const names = [
      'system',
      'human',
      'user',
      'gpt',
      'chatgpt',
      'assistant',
      'model',
      'tool',
      'observation',
      'function_response',
    ];
    const roles = conversation({ conversations: names.map((from) => ({ from, value: 'x' })) }).map(({ role }) => role);
    expect(roles.join(' ')).toBe('system user user assistant assistant assistant assistant tool tool tool');
  });

  test('has calls as JSON, one or several', () => {
    const call = '{"name": "look", "arguments": {"at": "sea"}}';
    expect(
      said({
        conversations: [
          human('?'),
          { from: 'function_call', value: call },
          { from: 'function_call', value: `[${call},${call}]` },
        ],
      }),
    ).toBe('user: ? / assistant: look({"at": "sea"}) / assistant: look({"at": "sea"}),look({"at": "sea"})');
  });

  test('may have its system message and tools beside the conversation', () => {
    const row = {
      conversations: [human('hi')],
      system: 'Be brief.',
      tools: '[{"name":"look","description":"Looks.","parameters":{},"strict":true}]',
    };
    expect(readerOf({}).read(row, place(1))).toEqual({
      messages: [{ role: 'system', content: 'Be brief.' }, user('hi')],
      ignored: [],
      tools: [{ name: 'look', description: 'Looks.', parameters: {}, strict: true }],
    });
  });

  test.each<[what: string, row: JsonObject]>([
    ['an unknown role', { conversations: [human('hi'), { from: 'narrator', value: 'x' }] }],
    ['a misspelt role', { conversations: [{ from: 'humann', value: 'x' }] }],
    ['no value', { conversations: [{ from: 'gpt' }] }],
    ['a call that is no JSON', { conversations: [{ from: 'function_call', value: 'look' }] }],
    ['a call of nothing', { conversations: [{ from: 'function_call', value: '{}' }] }],
    ['two system messages', { conversations: [{ from: 'system', value: 'a' }], system: 'b' }],
    ['tools that are no JSON', { conversations: [human('hi')], tools: 'look' }],
  ])('refuses %s', (_, row) => {
    expect(refusal([row])).toMatchSnapshot();
  });
});

describe('other formats refuse', () => {
  test.each<[what: string, row: JsonObject]>([
    ['answers that are not wanted', { prompt: 'a', completion: 'b', label: false }],
    ['answers that are not wanted, in Alpaca', { instruction: 'a', output: 'b', kto_tag: false }],
    ['a completion that is a number', { prompt: 'a', completion: 3 }],
    ['a history of strings', { instruction: 'a', output: 'b', history: ['x'] }],
    ['a chosen text that answers nothing', { chosen: 'a', rejected: 'b' }],
    [
      'a chosen conversation about something else',
      { prompt: 'a', chosen: [{ role: 'user', content: 'b' }], rejected: [] },
    ],
  ])('%s', (_, row) => {
    expect(refusal([row])).toMatchSnapshot();
  });
});

test('messages: what stands beside them and looks as if it were meant is told', () => {
  const { unused } = readerOf({}).read(
    { messages: [{ role: 'user', content: 'q' }], system: 's', chosen: 'a', rejected: 'b', id: 7 },
    place(1),
  );
  expect(unused).toEqual([
    { field: 'system', hint: 'columns: {system: system} makes it the system message' },
    { field: 'chosen', hint: 'format: preference learns the chosen answers' },
  ]);
});

describe('a conversation comes back from every format that can hold it', () => {
  const text = fc.string({ unit: 'grapheme' });
  const turns = fc
    .tuple(fc.option(text.filter((t) => t !== '')), fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 3 }))
    .map(([system, pairs]): { system: string | null; messages: Message[] } => ({
      system,
      messages: [
        ...(system === null ? [] : [{ role: 'system', content: system }]),
        ...pairs.flatMap(([question, answer]) => [user(question), assistant(answer)]),
      ],
    }));
  const plain = (message: Message) => ({ role: message.role, content: String(message.content) });
  const FROM: Record<string, string> = { user: 'human', assistant: 'gpt', system: 'system' };
  const withoutSystem = (messages: Message[]) => messages.filter(({ role }) => role !== 'system').map(plain);
  const pairsOf = (messages: Message[]) => {
    const rest = withoutSystem(messages).map(({ content }) => content);
    return Array.from({ length: rest.length / 2 }, (_, i) => rest.slice(2 * i, 2 * i + 2));
  };
  const WRITERS: Record<string, (given: { system: string | null; messages: Message[] }) => JsonObject> = {
    messages: ({ messages }) => ({ messages: messages.map(plain) }),
    sharegpt: ({ messages }) => ({
      conversations: messages.map(({ role, content }) => ({ from: FROM[role] ?? '', value: String(content) })),
    }),
    sharegpt_system: ({ system, messages }) => ({
      conversations: withoutSystem(messages).map(({ role, content }) => ({ from: FROM[role] ?? '', value: content })),
      system,
    }),
    alpaca({ system, messages }) {
      const pairs = pairsOf(messages);
      const [instruction = '', output = ''] = pairs.at(-1) ?? [];
      return { instruction, input: '', output, history: pairs.slice(0, -1), system };
    },
    prompt_completion: ({ messages }) => ({
      prompt: messages.slice(0, -1).map(plain),
      completion: messages.slice(-1).map(plain),
    }),
    prompt_completion_text: ({ messages }) => ({
      prompt: messages.slice(0, -1).map(plain),
      completion: String(messages.at(-1)?.content),
    }),
    preference: ({ messages }) => ({
      prompt: messages.slice(0, -1).map(plain),
      chosen: String(messages.at(-1)?.content),
      rejected: 'no',
    }),
    preference_whole: ({ messages }) => ({ chosen: messages.map(plain), rejected: messages.map(plain) }),
  };

  test.each(Object.entries(WRITERS))('%s', (_, write) => {
    fc.assert(
      fc.property(turns, (given) => {
        expect(conversation(JSON.parse(JSON.stringify(write(given))))).toEqual(given.messages);
      }),
    );
  });
});
