// Calls of tools: what fits is run, and whatever goes wrong is an answer.

import { Type } from '@sinclair/typebox';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Message, ToolCall } from '../../src/renderers/types.ts';
import { defineTool, handleToolCall, simpleToolResult, TOOL_ERRORS, type Tool } from '../../src/rl/tools.ts';

const search = defineTool({
  name: 'search',
  description: 'Finds pages.',
  parameters: Type.Object({
    query: Type.String({ minLength: 1 }),
    count: Type.Integer({ minimum: 1, default: 3 }),
  }),
  run(args, { call_id }) {
    expectTypeOf(args).toEqualTypeOf<{ query: string; count: number }>();
    if (args.query === 'storm') throw new TypeError('the index is gone');
    return `${args.count} pages on ${args.query} for ${call_id}`;
  },
});
const stop = defineTool({
  name: 'stop',
  description: 'Ends it.',
  parameters: Type.Object({}),
  run: async () => ({ messages: [{ role: 'tool', content: 'over', name: 'the end' }], should_stop: true }),
});
const tools: ReadonlyMap<string, Tool> = new Map([search, stop].map((tool) => [tool.spec.name, tool]));

const call = (name: string, args: string, id: string | null = 'c1'): ToolCall => ({
  type: 'function',
  id,
  function: { name, arguments: args },
});
const answer = async (name: string, args: string) => {
  const { error, messages } = await handleToolCall(tools, call(name, args));
  return { error, content: messages[0].content };
};

describe('what a tool gives that is no answer', () => {
  it.each<[string, unknown]>([
    ['a number', 5],
    ['nothing', undefined],
    ['an object of its own', { pieces: 4 }],
    ['messages with a hole', { messages: [null] }],
    ['a text for a metric', { messages: [], metrics: { found: 'yes' } }],
  ])('fails the episode, since the model cannot mend it: %s', async (_, given) => {
    const spec = { name: 'odd', description: '', parameters: {} };
    const odd = JSON.parse(JSON.stringify(given === undefined ? null : given));
    const calling = handleToolCall(new Map([['odd', { spec, run: async () => odd }]]), call('odd', '{}'));
    await expect(calling).rejects.toMatchObject({ type: 'invalid_tool_result' });
  });
});

describe('a call', () => {
  it('is answered in a message that names the call and the tool', async () => {
    expect(await handleToolCall(tools, call('search', '{"query": "sea"}'))).toEqual({
      messages: [{ role: 'tool', content: '3 pages on sea for c1', tool_call_id: 'c1', name: 'search' }],
    });
  });

  it('without an id has an answer without one, and what the tool says itself stands', async () => {
    const { messages, should_stop } = await handleToolCall(tools, call('stop', '{}', null));
    expect(messages).toEqual<Message[]>([{ role: 'tool', content: 'over', name: 'the end' }]);
    expect(should_stop).toBe(true);
  });

  it.each([
    ['tool_not_found', 'find', '{}', 'there is no tool "find"; there is search, stop'],
    ['tool_not_found', '__proto__', '{}', 'there is no tool "__proto__"; there is search, stop'],
    ['validation_failed', 'search', '[1]', 'the arguments must be a JSON object'],
    ['validation_failed', 'search', '{}', "the arguments must have required property 'query'"],
    [
      'validation_failed',
      'search',
      '{"query": "", "count": "2"}',
      'query must NOT have fewer than 1 characters; count must be integer',
    ],
    ['execution_error', 'search', '{"query": "storm"}', 'search failed: the index is gone'],
  ])('that fails is answered: %s', async (error, name, args, message) => {
    expect(await answer(name, args)).toEqual({ error, content: JSON.stringify({ error: message }) });
  });

  it('whose arguments are no JSON is answered', async () => {
    const { error, content } = await answer('search', '{"query": ');
    expect(error).toBe('json_decode_failed');
    expect(content).toContain('not valid JSON');
  });

  it('never throws, whatever the model writes', async () => {
    const text = fc.oneof(fc.string(), fc.json(), fc.constant('{"query": "storm"}'));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.constantFrom('search', 'stop')), text, async (name, args) => {
        const { messages, error } = await handleToolCall(tools, call(name, args));
        expect(messages).toHaveLength(1);
        expect([undefined, ...TOOL_ERRORS]).toContain(error);
      }),
    );
  });

  it('gives each tool arguments of its own', async () => {
    const seen: object[] = [];
    const keep = defineTool({
      name: 'keep',
      description: '',
      parameters: Type.Object({ list: Type.Array(Type.Number(), { default: [] }) }),
      run(args) {
        seen.push(args);
        args.list.push(seen.length);
        return simpleToolResult('kept');
      },
    });
    const given = new Map([['keep', keep]]);
    await handleToolCall(given, call('keep', '{}'));
    await handleToolCall(given, call('keep', '{}'));
    expect(seen).toEqual([{ list: [1] }, { list: [2] }]);
  });
});

describe('a tool', () => {
  it('whose parameters are no schema is refused when it is defined', () => {
    const broken = Type.Object({ n: Type.Unsafe<number>({ type: 'numeral' }) });
    expect(() => defineTool({ name: 'n', description: '', parameters: broken, run: () => '' })).toThrow(
      'the parameters of the tool "n" are no JSON Schema',
    );
  });

  it('may be defined any number of times with one schema', () => {
    const parameters = Type.Object({}, { $id: 'nothing' });
    const define = () => defineTool({ name: 'n', description: '', parameters, run: () => '' });
    define();
    expect(() => define()).not.toThrow();
  });
});
