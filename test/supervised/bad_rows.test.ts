// Rows and files that cannot be trained on: refused with their place and a reason, or skipped and counted.

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answer, build, chat, directory, refusal, row, textsOf } from './support/conversations.ts';

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
    'DATA_VALIDATION FILE:2: messages[0]: this renderer expects text, but a message of role "assistant" holds reasoning',
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
