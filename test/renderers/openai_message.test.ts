// Messages to OpenAI's form and back.

import { expect, test } from 'vitest';
import { fromOpenaiMessages, toOpenaiMessage } from '../../src/index.ts';
import type { Message } from '../../src/renderers/types.ts';

const CALL = { type: 'function' as const, id: 'c1', function: { name: 'look', arguments: '{"x": 1.0}' } };
const CONVERSATION: Message[] = [
  { role: 'system', content: 'S' },
  {
    role: 'user',
    content: [
      { type: 'text', text: 'Q' },
      { type: 'text', text: '?' },
    ],
  },
  {
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'hm' },
      { type: 'text', text: 'A' },
    ],
    tool_calls: [CALL],
  },
  { role: 'tool', content: 'R', tool_call_id: 'c1', name: 'look' },
];

test('text is joined, reasoning has a field, calls keep their ids and arguments', () => {
  expect(CONVERSATION.map(toOpenaiMessage)).toEqual([
    { role: 'system', content: 'S' },
    { role: 'user', content: 'Q?' },
    { role: 'assistant', content: 'A', reasoning_content: 'hm', tool_calls: [CALL] },
    { role: 'tool', content: 'R', tool_call_id: 'c1', name: 'look' },
  ]);
});

test('there and back changes nothing but that text is one part', () => {
  const back = fromOpenaiMessages(CONVERSATION.map(toOpenaiMessage));
  expect(back).toEqual([CONVERSATION[0], { role: 'user', content: 'Q?' }, ...CONVERSATION.slice(2)]);
});

test('what is no message is told by its field', () => {
  expect(() => fromOpenaiMessages([{ role: 'user', content: 3 }])).toThrow(
    'messages[0].content: must be text or a list of parts, not the number 3',
  );
});

test('a picture and a call that could not be read have no place there', () => {
  const image = { type: 'image' as const, image: 'data:image/png;base64,AA==', expected_tokens: 1 };
  expect(() => toOpenaiMessage({ role: 'user', content: [image] })).toThrow('holds a picture');
  const unparsed_tool_calls = [{ raw_text: '<tool_call>', error: 'no' }];
  expect(toOpenaiMessage({ role: 'assistant', content: 'A', unparsed_tool_calls })).toEqual({
    role: 'assistant',
    content: 'A',
  });
});
