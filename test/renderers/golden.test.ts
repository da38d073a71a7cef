// Every renderer of the catalogue against what the reference makes of the same conversations, prompts and replies.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../src/renderers/catalogue.ts';
import { rendererOf } from '../../src/renderers/get_renderer.ts';
import type { Message, ParsedResponse, Renderer, ToolSpec, TrainOnWhat } from '../../src/renderers/types.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';
import { showExample, showPrompt } from '../support/show_example.ts';

const MODES = ['last_assistant_message', 'last_assistant_turn', 'all_assistant_messages'] as const;

type Rendered = { gen: string } & Record<(typeof MODES)[number], string>;
interface Golden {
  stop: string[];
  ext: boolean;
  stream: boolean;
  disables: boolean;
  [conversation: string]: Rendered | string[] | boolean;
}

async function golden<T>(name: string): Promise<Record<string, T>> {
  return JSON.parse(await readFile(join(import.meta.dirname, 'golden', `${name}.json`), 'utf8'));
}

const later = await golden<Golden>('renderer_golden_061');
const { _conversations: given, ...renderers } = later;
const conversations: Record<string, Message[]> = JSON.parse(JSON.stringify(given));
// Of families that changed, the later capture counts.
const captured = { ...(await golden<Golden>('renderer_golden')), ...renderers };
const withTools = {
  ...(await golden<{ nosys: string; sys: string }>('renderer_tools_golden')),
  ...(await golden<{ nosys: string; sys: string }>('renderer_tools_golden_061')),
};
type Parsed = [string, [Message, string] | string];
const replies = {
  ...(await golden<Parsed[]>('renderer_parse_golden')),
  ...(await golden<Parsed[]>('renderer_parse_golden_061')),
};

const tokenizer = charTokenizer({ bos: '<|begin_of_text|>', eos: '<|eot_id|>' });

/** The date that the files were captured with. */
function renderer(name: string): Renderer {
  const entry = CATALOGUE.find((known) => known.name === name);
  if (entry === undefined) throw new Error(`the catalogue has no renderer ${name}`);
  return rendererOf(entry, tokenizer, 'current_date' in entry.options ? { current_date: '2025-01-01' } : {});
}

/** What is rendered, or `!` where the reference raises an error and so do we. */
function attempt(expected: string, render: () => string): string {
  if (!expected.startsWith('!')) return render();
  try {
    return `rendered: ${render()}`;
  } catch {
    return expected;
  }
}

describe.each(Object.entries(captured))('%s', (name, { stop, ext, stream, disables, ...cases }) => {
  test('ends replies, extends, streams and disables reasoning as the reference says', () => {
    const known = renderer(name);
    const stops = known.getStopSequences().map((each) => (typeof each === 'string' ? each : tokenizer.decode([each])));
    expect({
      stop: stops,
      ext: known.hasExtensionProperty,
      stream: known.supportsStreaming,
      disables: known.disablesThinking,
    }).toEqual({ stop, ext, stream, disables });
  });

  test.each(Object.entries(cases))('renders %s', (conversation, expected) => {
    if (typeof expected !== 'object' || Array.isArray(expected)) throw new Error('the golden file has another form');
    const messages = conversations[conversation];
    const known = renderer(name);
    const prompt = () => showPrompt(known.buildGenerationPrompt(messages.slice(0, -1)), tokenizer);
    const example = (mode: TrainOnWhat) => () => showExample(known.buildSupervisedExample(messages, mode), tokenizer);
    const rendered = Object.fromEntries(MODES.map((mode) => [mode, attempt(expected[mode], example(mode))]));
    expect({ gen: attempt(expected.gen, prompt), ...rendered }).toEqual(expected);
  });
});

const GET_WEATHER: ToolSpec = {
  name: 'get_weather',
  description: 'Get weather',
  parameters: {
    type: 'object',
    properties: {
      city: { type: 'string', description: 'City name' },
      unit: { type: 'string', enum: ['c', 'f'] },
      days: { type: 'integer', default: 3 },
    },
    required: ['city'],
  },
};

test.each(Object.entries(withTools))('%s declares tools', (name, expected) => {
  const known = renderer(name);
  const prompt = (system: string) => () => {
    const prefix = known.createConversationPrefixWithTools([GET_WEATHER], system);
    return showPrompt(known.buildGenerationPrompt([...prefix, { role: 'user', content: 'Q1' }]), tokenizer);
  };
  expect({ nosys: attempt(expected.nosys, prompt('')), sys: attempt(expected.sys, prompt('SYS')) }).toEqual(expected);
});

describe.each(Object.entries(replies))('%s reads', (name, cases) => {
  test.each(cases)('%j', (text, expected) => {
    if (typeof expected === 'string') throw new Error('the golden file has another form');
    const [message, termination] = expected;
    const parsed: ParsedResponse = renderer(name).parseResponse(tokenizer.encode(text));
    expect(parsed).toEqual({ message, termination });
  });
});
