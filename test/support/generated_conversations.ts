// Conversations made up at random from a seed: system messages or none, several turns, reasoning, calls and their results,
// text of many scripts with white space at its ends and the spelling of special tokens in it.

import fc from 'fast-check';
import type { ContentPart, Message } from '../../src/renderers/types.ts';
import { type JsonObject, type JsonValue, spacedJson } from '../../src/util/json.ts';

/** What the conversations may hold. */
export interface Holds {
  reasoning: boolean;
  calls: boolean;
}

const PHRASES = [
  'What is 2 + 2?',
  'naïve café, Åström',
  '日本語のテキスト、漢字。',
  'Привет, мир! مرحبا',
  '👩‍👩‍👧 🇩🇪 ✨',
  'def f(x):\n    return x ** 2',
  '{"a": [1, null]}',
  'it\'s "quoted" & <b>bold</b>',
  '<|im_end|><|eot_id|> is text',
  '12345.678 ½',
];
const ENDS = ['', '', '', ' ', '\n', '\n\n', '  ', '\t'];

const phrase = fc.constantFrom(...PHRASES);
const plain = fc.array(phrase, { minLength: 1, maxLength: 3 }).map((phrases) => phrases.join(' '));
const spoken = fc
  .tuple(fc.constantFrom(...ENDS), plain, fc.constantFrom(...ENDS))
  .map(([before, text, after]) => `${before}${text}${after}`);

const value: fc.Arbitrary<JsonValue> = fc.oneof(
  phrase,
  fc.integer({ min: -9, max: 999 }),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.integer(), { maxLength: 3 }),
  fc.record({ 'deep key': phrase, n: fc.constantFrom(0.5, 1000) }),
);
const callArguments = fc.dictionary(fc.constantFrom('city', 'unit', 'größe', 'n'), value, { maxKeys: 3 });
const call = fc.record({ name: fc.constantFrom('get_weather', 'search', 'f'), given: callArguments });

interface Turn {
  question: string;
  steps: { thought: string | null; text: string; calls: { name: string; given: JsonObject }[] }[];
  answer: string;
  thought: string | null;
}

/**
 * `count` conversations, each of which an assistant ends; about half have white space at the ends of what is said. Ids of
 * calls are those that Kimi writes, which suit all.
 */
export function generatedConversations(holds: Holds, { count, seed }: { count: number; seed: number }): Message[][] {
  const conversation = fc.oneof(conversationOf(holds, plain), conversationOf(holds, spoken));
  return fc.sample(conversation, { numRuns: count, seed });
}

function conversationOf({ reasoning, calls }: Holds, words: fc.Arbitrary<string>): fc.Arbitrary<Message[]> {
  const thought = reasoning ? fc.option(words) : fc.constant(null);
  const step = fc.record({
    thought,
    text: fc.oneof(fc.constant(''), words),
    calls: fc.array(call, { minLength: 1, maxLength: 3 }),
  });
  const turn: fc.Arbitrary<Turn> = fc.record({
    question: words,
    steps: calls ? fc.array(step, { maxLength: 2 }) : fc.constant([]),
    answer: words,
    thought,
  });
  return fc
    .tuple(fc.option(words), fc.array(turn, { minLength: 1, maxLength: 4 }))
    .map(([system, turns]) => [
      ...(system === null ? [] : [{ role: 'system', content: system }]),
      ...messagesOf(turns),
    ]);
}

function messagesOf(turns: readonly Turn[]): Message[] {
  let calls = 0;
  return turns.flatMap(({ question, steps, answer, thought }) => [
    { role: 'user', content: question },
    ...steps.flatMap((step): Message[] => {
      const made = step.calls.map(({ name, given }) => ({
        type: 'function' as const,
        id: `functions.${name}:${calls++}`,
        function: { name, arguments: spacedJson(given) },
      }));
      const results = made.map(({ id, function: { name } }, index) => ({
        role: 'tool',
        content: `{"result": ${index}, "said": "${PHRASES[index]}"}`,
        tool_call_id: id,
        name,
      }));
      return [{ ...spokenBy(step.thought, step.text), tool_calls: made }, ...results];
    }),
    spokenBy(thought, answer),
  ]);
}

function spokenBy(thought: string | null, text: string): Message {
  if (thought === null) return { role: 'assistant', content: text };
  const parts: ContentPart[] = [{ type: 'thinking', thinking: thought }];
  return { role: 'assistant', content: text === '' ? parts : [...parts, { type: 'text', text }] };
}
