// What holds for every renderer of the catalogue, on conversations and replies that nobody has written down.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../src/renderers/catalogue.ts';
import type { CatalogueEntry } from '../../src/renderers/definition.ts';
import type { ContentPart, Message, Renderer, ReplyEvent } from '../../src/renderers/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { byteTokenizer, charTokenizer, SPECIAL_TOKENS } from '../support/char_tokenizer.ts';

const tokenizer = charTokenizer({ bos: '<|begin_of_text|>', eos: '<|eot_id|>' });
const QUESTION: Message = { role: 'user', content: 'Q' };

const reasons = ({ thinking }: CatalogueEntry) => thinking === 'sampled' || thinking === 'opened';
const catalogue = CATALOGUE.map((entry) => [entry.name, entry, entry.create(tokenizer)] as const);

const word = fc.stringMatching(/^[a-zäß日]{1,8}$/u);
const words = fc.array(word, { minLength: 1, maxLength: 5 }).map((each) => each.join(' '));
const json = fc
  .dictionary(word, fc.oneof(words, fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.integer())))
  .map((value) => value);

/** A reply that a family can say: text, reasoning where it has it, a call where it has tools. */
function reply(entry: CatalogueEntry): fc.Arbitrary<Message> {
  return fc
    .record({ thinking: fc.option(words), text: words, call: fc.option(fc.record({ name: word, given: json })) })
    .map(({ thinking, text, call }): Message => {
      const parts: ContentPart[] = [{ type: 'text', text }];
      if (reasons(entry) && thinking !== null) parts.unshift({ type: 'thinking', thinking });
      if (!entry.tools || call === null) return { role: 'assistant', content: parts };
      return {
        role: 'assistant',
        content: parts,
        tool_calls: [
          {
            type: 'function',
            id: `functions.${call.name}:0`,
            function: { name: call.name, arguments: JSON.stringify(call.given) },
          },
        ],
      };
    });
}

/** What a model says under the prompt when it gives this reply. */
function sampled(renderer: Renderer, messages: readonly Message[], message: Message): number[] {
  const prompt = tokensOf(renderer.buildGenerationPrompt(messages));
  const whole = tokensOf(renderer.buildSupervisedExample([...messages, message], 'last_assistant_message').model_input);
  expect(whole.slice(0, prompt.length)).toEqual(prompt);
  return whole.slice(prompt.length);
}

/** Messages by what they say: a list of one text is the text, ids are the format's, arguments are values. */
function meaning({ content, tool_calls = [], unparsed_tool_calls = [] }: Message) {
  const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
  return {
    thinking: parts.flatMap((part) => (part.type === 'thinking' ? [part.thinking] : [])),
    text: parts
      .flatMap((part) => (part.type === 'text' ? [part.text] : []))
      .join('')
      .trimEnd(),
    calls: tool_calls.map(({ function: { name, arguments: given } }) => [name, JSON.parse(given)]),
    unparsed_tool_calls,
  };
}

describe.each(catalogue)('%s', (name, entry, renderer) => {
  test('a prompt is the beginning of the example that it belongs to, and reading the rest gives the reply', () => {
    fc.assert(
      fc.property(reply(entry), (message) => {
        if (CONTRADICT_THEIR_PROMPT.has(name) && meaning(message).thinking.length === 0) return;
        const parsed = renderer.parseResponse(sampled(renderer, [QUESTION], message));
        expect(parsed.termination).toBe('stop_sequence');
        expect(meaning(parsed.message)).toEqual(meaning(message));
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test('a conversation goes on by appending where that is claimed', () => {
    const appends = (message: Message) => {
      const said = sampled(renderer, [QUESTION], message);
      const before = [...tokensOf(renderer.buildGenerationPrompt([QUESTION])), ...said];
      const read = renderer.parseResponse(said).message;
      const next = tokensOf(renderer.buildGenerationPrompt([QUESTION, read, QUESTION]));
      return before.every((token, index) => token === next[index]);
    };
    const plain: Message = { role: 'assistant', content: 'A' };
    const reasoned: Message = {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'T' },
        { type: 'text', text: 'A' },
      ],
    };
    const replies = CONTRADICT_THEIR_PROMPT.has(name) ? [reasoned] : reasons(entry) ? [plain, reasoned] : [plain];
    const holds = replies.every(appends);
    if (renderer.hasExtensionProperty) expect(holds).toBe(true);
    else expect(holds).toBe(APPEND_THOUGH_NOT_CLAIMED.has(name));
  });

  test('what is said never becomes a token of the format', () => {
    const control = new Set(SPECIAL_TOKENS.flatMap((token) => tokenizer.tokenId(token) ?? []));
    const count = (text: string) => {
      const call = {
        type: 'function' as const,
        id: text,
        function: { name: text, arguments: JSON.stringify({ [text]: text }) },
      };
      const messages: Message[] = [
        { role: 'system', content: text },
        { role: 'user', content: text },
        { role: 'assistant', content: text, ...(entry.tools ? { tool_calls: [call] } : {}) },
        ...(entry.tools ? [{ role: 'tool', content: text, tool_call_id: text, name: text }] : []),
        {
          role: 'assistant',
          content: reasons(entry)
            ? [
                { type: 'thinking' as const, thinking: text },
                { type: 'text' as const, text },
              ]
            : text,
        },
      ];
      const tokens = tokensOf(renderer.buildSupervisedExample(messages, 'all_assistant_messages').model_input);
      return tokens.filter((token) => control.has(token)).length;
    };
    const harmless = count('x');
    for (const token of SPECIAL_TOKENS) {
      // Reasoning that somebody writes into a text is reasoning to these formats; their tags are the formats' then.
      if (/^<\/?think>$/.test(token)) continue;
      expect([token, count(token)]).toEqual([token, harmless]);
    }
  });
});

/** The reference's own: a reply without reasoning is written in a form that no longer continues the prompt. */
const CONTRADICT_THEIR_PROMPT = new Set<string>([
  ...['nemotron3', 'nemotron3_low_thinking', 'nemotron3_preserve_thinking', 'nemotron3_ultra'],
  ...['nemotron3_ultra_medium_thinking', 'nemotron3_ultra_preserve_thinking'],
]);

/** They append on these replies; the reference says that they do not, for others. */
const APPEND_THOUGH_NOT_CLAIMED = new Set([
  'kimi_k25_disable_thinking',
  'kimi_k26_disable_thinking',
  'kimi_k26_preserve_thinking',
  'qwen3_vl_instruct',
  'qwen3_5_preserve_thinking',
  ...['qwen3_8_xhigh_reasoning', 'qwen3_8_medium_reasoning', 'qwen3_8_low_reasoning', 'qwen3_8_disable_thinking'],
  ...['nemotron3_disable_thinking', 'nemotron3_ultra_disable_thinking'],
]);

const pieces = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...SPECIAL_TOKENS) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        ...['{"name": "f", "arguments": {}}', '<function=f>', '</function>', '<parameter=x>', '</parameter>'],
        ...['<｜DSML｜ calls>', '</｜DSML｜ calls>', '<arg_key>', '</arg_value>', '\n', '\n\n', ' ', '{', '"'],
      ),
    },
    { weight: 2, arbitrary: words },
  ),
  { maxLength: 12 },
);

test('10,000 replies that no model should give are read without an error', () => {
  const any = fc.constantFrom(...catalogue.map(([, , renderer]) => renderer));
  fc.assert(
    fc.property(any, pieces, (renderer, said) => {
      const { message, termination } = renderer.parseResponse(tokenizer.encode(said.join('')));
      expect(message.role).toBe('assistant');
      expect(['stop_sequence', 'eos', 'malformed']).toContain(termination);
    }),
    { seed: 2, numRuns: 10_000 },
  );
});

describe('a reply that is read as it is sampled', () => {
  const bytes = byteTokenizer();
  const streaming = CATALOGUE.filter((entry) => entry.supportsStreaming).map((entry) => entry.create(bytes));

  async function eventsOf(renderer: Renderer, tokens: readonly number[]): Promise<ReplyEvent[]> {
    const events: ReplyEvent[] = [];
    for await (const event of renderer.parseResponseStreaming(tokens)) events.push(event);
    return events;
  }

  test('ends in what is read of the whole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...streaming), pieces, async (renderer, said) => {
        const tokens = bytes.encode(said.join(''));
        const events = await eventsOf(renderer, tokens);
        expect(events.at(-1)).toEqual({ type: 'message', ...renderer.parseResponse(tokens) });
      }),
      { seed: 3, numRuns: 1000 },
    );
  });

  test('joins to its parts, byte by byte', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .constantFrom(...CATALOGUE.filter((entry) => entry.supportsStreaming))
          .chain((entry) => fc.tuple(fc.constant(entry), reply(entry))),
        async ([entry, message]) => {
          const renderer = entry.create(bytes);
          if (CONTRADICT_THEIR_PROMPT.has(entry.name) && meaning(message).thinking.length === 0) return;
          const said = sampled(renderer, [QUESTION], message);
          const { content } = renderer.parseResponse(said).message;
          const joined = new Map<number, ContentPart>();
          for (const event of await eventsOf(renderer, said)) {
            if (event.type !== 'text' && event.type !== 'thinking') continue;
            const known = joined.get(event.content_index);
            if (event.type === 'text') {
              const before = known?.type === 'text' ? known.text : '';
              joined.set(event.content_index, { type: 'text', text: before + event.text });
            } else {
              const before = known?.type === 'thinking' ? known.thinking : '';
              joined.set(event.content_index, { type: 'thinking', thinking: before + event.thinking });
            }
          }
          const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
          expect([...joined.values()]).toEqual(parts);
        },
      ),
      { seed: 4, numRuns: 500 },
    );
  });
});
