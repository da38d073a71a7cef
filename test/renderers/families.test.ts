// Families: what the golden files leave open, and where our value is not the reference's on purpose.

import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../src/renderers/catalogue.ts';
import { readPythonJson } from '../../src/renderers/python_json.ts';
import type { Message, Renderer, TrainOnWhat } from '../../src/renderers/types.ts';
import { RendererError } from '../../src/util/errors.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';
import { showPrompt } from '../support/show_example.ts';

const tokenizer = charTokenizer();

function renderer(name: string, options?: Record<string, unknown>): Renderer {
  const entry = CATALOGUE.find((known) => known.name === name);
  if (entry === undefined) throw new Error(`no renderer ${name}`);
  return entry.create(tokenizer, options);
}

const prompt = (name: string, messages: Message[], options?: Record<string, unknown>) =>
  showPrompt(renderer(name, options).buildGenerationPrompt(messages), tokenizer);
const parse = (name: string, text: string) => renderer(name).parseResponse(tokenizer.encode(text)).message;

const QUESTION: Message = { role: 'user', content: 'Q' };
function called(...ids: (string | null)[]): Message {
  const tool_calls = ids.map((id) => ({
    type: 'function' as const,
    id,
    function: { name: 'f', arguments: '{"x": 1.0}' },
  }));
  return { role: 'assistant', content: '', tool_calls };
}
const result = (content: string, tool_call_id?: string): Message => ({
  role: 'tool',
  content,
  name: 'f',
  tool_call_id,
});

describe('our value is not the reference’s', () => {
  test('deepseekv3 leaves the reasoning of a reply to a tool result out too', () => {
    const reply: Message = {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'T' },
        { type: 'text', text: 'A' },
      ],
    };
    expect(prompt('deepseekv3', [QUESTION, called(null), result('R'), reply])).not.toContain('T');
  });

  test('deepseekv4_1 keeps results in their order where one of them names no call', () => {
    const shown = prompt('deepseekv4_1', [QUESTION, called('a', 'b'), result('RB', 'b'), result('RX', 'x')]);
    expect(shown).toContain('<tool_result>RB</tool_result>\n\n<tool_result>RX</tool_result>');
  });

  test('gpt_oss: a reply that is only a call has no raw text as content', () => {
    const text = ' to=functions.f<|channel|>commentary <|constrain|>json<|message|>{"x": 1}<|call|>';
    expect(parse('gpt_oss_low_reasoning', text)).toEqual({
      role: 'assistant',
      content: [],
      tool_calls: [{ type: 'function', id: null, function: { name: 'f', arguments: '{"x": 1}' } }],
    });
  });

  test('gpt_oss prints one date unless told another', () => {
    expect(prompt('gpt_oss_low_reasoning', [QUESTION])).toContain('Current date: 2025-01-01\n');
    expect(prompt('gpt_oss_low_reasoning', [QUESTION], { current_date: '2026-02-03' })).toContain('date: 2026-02-03\n');
  });

  test('glm5_3: a reply with several ends is malformed', () => {
    const reply = renderer('glm5_3_max_reasoning').parseResponse(tokenizer.encode('A<|user|>B<|user|>'));
    expect(reply).toEqual({ message: { role: 'assistant', content: 'A<|user|>B<|user|>' }, termination: 'malformed' });
  });
});

test('kimi keeps the reasoning of the current turn, and calls need ids', () => {
  const thinking: Message = { ...called('functions.f:0'), content: [{ type: 'thinking', thinking: 'T' }] };
  const turn = [QUESTION, thinking, result('R', 'functions.f:0')];
  expect(prompt('kimi_k2', turn)).toContain('<think>T</think>');
  expect(prompt('kimi_k2', [...turn, { role: 'assistant', content: 'A' }, QUESTION])).not.toContain('T</think>');
  expect(() => prompt('kimi_k2', [QUESTION, called(null)])).toThrow('has no id');
});

describe('renderers that turn reasoning off', () => {
  const hintOf = (name: string, messages: Message[], mode: TrainOnWhat) => {
    try {
      renderer(name).buildSupervisedExample(messages, mode);
    } catch (error) {
      return error instanceof RendererError ? (error.hint ?? error.message) : String(error);
    }
    return null;
  };
  const answer: Message = { role: 'assistant', content: 'A' };

  test('have nothing against a conversation that ends with a question', () => {
    const disabling = CATALOGUE.filter(({ disablesThinking }) => disablesThinking);
    for (const { name } of disabling)
      for (const mode of ['last_assistant_message', 'last_assistant_turn'] as const)
        expect([name, mode, hintOf(name, [QUESTION], mode)]).toEqual([name, mode, null]);
  });

  test('say what is in the way of a turn: reasoning, or that it is shown in another way', () => {
    const turn = [QUESTION, called(null), result('R'), answer];
    expect(hintOf('qwen3_disable_thinking', turn, 'last_assistant_message')).toBeNull();
    expect(hintOf('qwen3_disable_thinking', turn, 'last_assistant_turn')).toContain(
      'train_on_what: last_assistant_message trains the last reply alone',
    );
    const thought: Message = { role: 'assistant', content: '<think>T</think>A' };
    expect(hintOf('qwen3_disable_thinking', [QUESTION, thought], 'last_assistant_turn')).toContain(
      'Take the reasoning out of the reply',
    );
  });
});

test('a tool result without its call is told by its place in the conversation, whatever stands before it', () => {
  expect(() => prompt('kimi_k2', [QUESTION, called('functions.f:0'), result('R')])).toThrow(
    'messages[2]: a tool result needs "tool_call_id"',
  );
});

test('numbers in arguments stay as they were written', () => {
  expect(prompt('glm5_3_max_reasoning', [QUESTION, called(null)])).toContain('<arg_value>1.0</arg_value>');
  expect(prompt('deepseekv4_1', [QUESTION, called(null)])).toContain('string="false">1.0</');
});

test.each([
  ['', 'Expecting value: line 1 column 1 (char 0)'],
  ['{bad}', 'Expecting property name enclosed in double quotes: line 1 column 2 (char 1)'],
  ['{"a" 1}', "Expecting ':' delimiter: line 1 column 6 (char 5)"],
  ['{"a": 1\n "b"}', "Expecting ',' delimiter: line 2 column 2 (char 9)"],
  ['"é😀', 'Unterminated string starting at: line 1 column 1 (char 0)'],
  ['1 2', 'Extra data: line 1 column 3 (char 2)'],
])('JSON %j is refused in the words of Python', (text, error) => {
  expect(readPythonJson(text)).toEqual({ error });
});

test('what DeepSeek V4.1 says after its calls is kept as what could not be read', () => {
  const calls = '<｜DSML｜ calls>\n<｜DSML｜ invoke name="f">\n</｜DSML｜ invoke>\n</｜DSML｜ calls>';
  const { content, tool_calls, unparsed_tool_calls } = parse(
    'deepseekv4_1',
    `T</think>A\n\n${calls} more<｜end▁of▁sentence｜>`,
  );
  expect({ content, called: tool_calls?.length, unparsed_tool_calls }).toEqual({
    content: [
      { type: 'thinking', thinking: 'T' },
      { type: 'text', text: 'A' },
    ],
    called: 1,
    unparsed_tool_calls: [{ raw_text: ' more', error: 'Invalid DSML: output after calls block' }],
  });
});

test('Kimi refuses a call whose id does not name it, because the id is all that it shows', () => {
  const call = { type: 'function' as const, id: 'abc123', function: { name: 'get_weather', arguments: '{}' } };
  const messages: Message[] = [QUESTION, { role: 'assistant', content: '', tool_calls: [call] }];
  expect(() => prompt('kimi_k2', messages)).toThrow(
    'the call of get_weather has the id "abc123", and this format shows the id in place of the name',
  );
});

test('what a trained reply says and its format leaves out is told apart from what history leaves out by design', () => {
  const reply: Message = {
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'REASON' },
      { type: 'text', text: 'A' },
    ],
    unparsed_tool_calls: [{ raw_text: 'RAW', error: 'no' }],
  };
  const omitted = (name: string) =>
    renderer(name).buildSupervisedExample([QUESTION, reply, QUESTION, reply], 'last_assistant_message').omitted;
  expect(omitted('deepseekv3')).toEqual(['messages[1].reasoning', 'messages[3].content[0]']);
  expect(omitted('qwen3')).toEqual(['messages[1].reasoning']);
});

test('broken calls of thousands of tags are read in a time that goes with their length', () => {
  const many = (text: string) => text.repeat(20_000);
  const kimi = many('<|tool_call_begin|><|tool_call_argument_begin|>');
  const section = `<|tool_calls_section_begin|>${kimi}<|tool_calls_section_end|><|im_end|>`;
  expect(parse('kimi_k2', section).unparsed_tool_calls).toHaveLength(1);
  const glm = `<tool_call>f<arg_key>a</arg_key><arg_value>b</arg_value>!${many('<arg_key></arg_key><arg_value>')}</tool_call><|user|>`;
  expect(parse('glm5_3_max_reasoning', glm).unparsed_tool_calls).toHaveLength(1);
  const deepseek = `<｜tool▁calls▁begin｜>f${many('<｜tool▁sep｜><｜tool▁call▁end｜>')}x<｜tool▁calls▁end｜><｜end▁of▁sentence｜>`;
  expect(parse('deepseekv3', deepseek).unparsed_tool_calls).toEqual([
    { raw_text: expect.stringMatching(/^f.*x$/s), error: expect.stringContaining('a tool call must be') },
  ]);
  const dsml = (inner: string) => `</think>\n\n<｜DSML｜ calls>\n${inner}</｜DSML｜ calls><｜end▁of▁sentence｜>`;
  for (const inner of ['<｜DSML｜ invoke name="f">\n', '<｜DSML｜ invoke name="']) {
    expect(parse('deepseekv4_1', dsml(many(inner))).unparsed_tool_calls).toHaveLength(1);
  }
  const parameters = many('<｜DSML｜ parameter name="a" string="true">');
  const invoke = `<｜DSML｜ invoke name="f">${parameters}</｜DSML｜ invoke>`;
  expect(parse('deepseekv4_1', dsml(invoke)).unparsed_tool_calls).toHaveLength(1);
  for (const inner of ['<parameter=x>', '<parameter=']) {
    const call = `</think><tool_call><function=f>${many(inner)}</function></tool_call><|im_end|>`;
    expect(parse('qwen3_5', call).unparsed_tool_calls).toHaveLength(1);
  }
});
