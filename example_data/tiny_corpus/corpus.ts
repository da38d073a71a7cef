// The tiny corpus: the mixture of texts, conversations and sums that the shipped tiny model learns from.

import type { Message } from 'tinker-cookbook';
import { askSum, drawTrainingSum } from './arithmetic.ts';
import { closing, greeting, smallTalk } from './chat.ts';
import { DESCRIPTIONS } from './descriptions.ts';
import { echo } from './echoes.ts';
import { explanation, worldFacts } from './facts.ts';
import { Random } from './random.ts';
import { Scene } from './scene.ts';
import { PLOTS, STORY_PHRASES } from './stories.ts';
import { drawTask, TASK_KINDS } from './tasks.ts';

/** A text, or a conversation. `kind` names what made it. */
export type TinyDocument =
  | { kind: TextKind; text: string }
  | { kind: 'instruction' | 'chat' | 'arithmetic'; messages: Message[] };

type TextKind = 'story' | 'description' | 'explanation' | 'world' | 'echo' | 'sums';

export interface TinyCorpusOptions {
  seed: number;
  documents: number;
  /** Percentage of the sums that are not familiar (see arithmetic.ts); of all sums of numbers up to 99 it is 48. */
  unfamiliarPercent?: number;
}

/** Percentage of documents of each kind. */
const MIXTURE: readonly (readonly [weight: number, kind: TinyDocument['kind']])[] = [
  [20, 'story'],
  [7, 'description'],
  [5, 'explanation'],
  [4, 'world'],
  [12, 'echo'],
  [36, 'instruction'],
  [8, 'chat'],
  [6, 'arithmetic'],
  [2, 'sums'],
];

const KINDS = [...TASK_KINDS.keys()];

/** The documents of a seed, one after another; fewer documents are a prefix of more. */
export function* generateTinyCorpus(options: TinyCorpusOptions): Generator<TinyDocument> {
  const { seed, documents, unfamiliarPercent = 2 } = options;
  const random = new Random(seed);
  for (let i = 0; i < documents; i++) yield makeDocument(random, random.weighted(MIXTURE), unfamiliarPercent);
}

function makeDocument(random: Random, kind: TinyDocument['kind'], unfamiliarPercent: number): TinyDocument {
  switch (kind) {
    case 'story':
      return { kind, text: new Scene(random, STORY_PHRASES).tell(random.pick(PLOTS).text) };
    case 'description':
      return { kind, text: new Scene(random).tell(random.pick(DESCRIPTIONS)) };
    case 'explanation':
      return { kind, text: explanation(random) };
    case 'world':
      return { kind, text: worldFacts(random) };
    case 'echo':
      return { kind, text: echo(random) };
    case 'sums':
      return { kind, text: sumTable(random, unfamiliarPercent) };
    case 'instruction':
      return { kind, messages: instruction(random) };
    case 'chat':
      return { kind, messages: chat(random) };
    case 'arithmetic':
      return { kind, messages: arithmetic(random, unfamiliarPercent) };
  }
}

/** Lines such as `12 + 7 = 19`. */
function sumTable(random: Random, unfamiliarPercent: number): string {
  return Array.from({ length: random.integer(6, 10) }, () => {
    const [a, b] = drawTrainingSum(random, unfamiliarPercent);
    return `${a} + ${b} = ${a + b}`;
  }).join('\n');
}

/** One to three sums. */
function arithmetic(random: Random, unfamiliarPercent: number): Message[] {
  const turns = Array.from({ length: random.pick([1, 1, 2, 3]) }, (): [string, string] => {
    const { prompt, answer } = askSum(random, ...drawTrainingSum(random, unfamiliarPercent));
    return [prompt, answer];
  });
  return conversation(random.chance(5) ? [greeting(random), ...turns] : turns);
}

/** A task or two, at times with a greeting before and thanks after. A task with a system prompt stands alone. */
function instruction(random: Random): Message[] {
  const task = drawTask(random, random.pick(KINDS), 'training');
  const turns: [string, string][] = [[task.prompt, task.answer]];
  if (task.system !== undefined) return conversation(turns, task.system);
  if (random.chance(20)) {
    const second = drawTask(random, random.pick(KINDS), 'training');
    if (second.system === undefined) turns.push([second.prompt, second.answer]);
  }
  if (random.chance(8)) turns.unshift(greeting(random));
  if (random.chance(8)) turns.push(closing(random));
  return conversation(turns, random.chance(10) ? helperPrompt(random) : undefined);
}

function chat(random: Random): Message[] {
  const turns = Array.from({ length: random.pick([1, 1, 2]) }, () => smallTalk(random));
  if (random.chance(30)) turns.push(closing(random));
  return conversation(turns, random.chance(15) ? helperPrompt(random) : undefined);
}

/** A system prompt that changes nothing. */
function helperPrompt(random: Random): string {
  return random.pick([
    'You are a helpful assistant.',
    'You are a kind helper.',
    'You help people and answer questions.',
    'Be kind and helpful.',
  ]);
}

function conversation(turns: readonly (readonly [user: string, assistant: string])[], system?: string): Message[] {
  const messages = turns.flatMap(([user, assistant]): Message[] => [
    { role: 'user', content: user },
    { role: 'assistant', content: assistant },
  ]);
  return system === undefined ? messages : [{ role: 'system', content: system }, ...messages];
}
