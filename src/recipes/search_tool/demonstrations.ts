// Questions of the encyclopedia, answered by somebody who knows how to search and often does not bother.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Message, Renderer, ToolSpec } from '../../renderers/types.ts';
import { withTools } from '../../renderers/with_tools.ts';
import type { Retriever } from '../../retrieval/types.ts';
import { nextBelow, nextUniform } from '../../util/random.ts';
import type { Encyclopedia, EncyclopediaQuestion } from './encyclopedia.ts';
import { askedFor } from './env.ts';
import { passagesText, SEARCH } from './tool.ts';

/** What the tool answers to everything that a demonstration looks for, found before. */
export type Found = ReadonlyMap<string, string>;

export async function findAll(
  { train }: Pick<Encyclopedia, 'train'>,
  retriever: Retriever,
  count: number,
): Promise<Found> {
  const found = new Map<string, string>();
  for (const query of new Set(train.flatMap(({ pages, relation }) => [...pages, relation]))) {
    found.set(query, passagesText(await retriever.search(query, count)));
  }
  return found;
}

export interface DemonstratorOptions {
  questions: readonly EncyclopediaQuestion[];
  found: Found;
  renderer: Renderer;
  system_prompt: string | null;
  /** Share of the questions that are answered too early: with what was found on the way, or with a guess. */
  noise: number;
  /** Share of the questions that are asked with nothing to search with, and answered all the same. */
  without_tools: number;
}

/** @throws RendererError where the format has no tools */
export function demonstrator(options: DemonstratorOptions): (random: RandomGenerator) => readonly Message[] {
  const { questions, renderer, system_prompt, without_tools } = options;
  const declared: readonly ToolSpec[] = [SEARCH];
  return (random) => {
    const asked = questions[nextBelow(random, questions.length)];
    const messages = askedFor(asked, system_prompt);
    if (nextUniform(random) < without_tools) return [...messages, ...answered(asked.answers[0])];
    return [...withTools(renderer, messages, declared), ...searched(asked, options, random)];
  };
}

/** The replies to a question, and what the tool says to them. */
function searched(
  asked: EncyclopediaQuestion,
  { questions, found, noise }: DemonstratorOptions,
  random: RandomGenerator,
): Message[] {
  const [first] = asked.pages;
  const looked = (queries: readonly string[]) => queries.flatMap((query) => lookedFor(query, found));
  if (nextUniform(random) >= noise) return [...looked(asked.pages), ...answered(asked.answers[0])];
  // What was read is never contradicted: that would teach not to read.
  if (asked.halfway !== null && nextBelow(random, 2) === 0) return [...looked([first]), ...answered(asked.halfway)];
  return answered(answerOfAnother(asked, questions, random));
}

const answered = (answer: string): Message[] => [{ role: 'assistant', content: `Answer: ${answer}` }];

function lookedFor(query: string, found: Found): Message[] {
  const call = { name: 'search', arguments: JSON.stringify({ query }) };
  return [
    { role: 'assistant', content: '', tool_calls: [{ type: 'function', id: null, function: call }] },
    { role: 'tool', name: 'search', content: found.get(query) ?? passagesText([]) },
  ];
}

/** Something that can be answered to such a question. */
function answerOfAnother(
  { relation }: EncyclopediaQuestion,
  questions: readonly EncyclopediaQuestion[],
  random: RandomGenerator,
): string {
  const alike = questions.filter((other) => other.relation === relation);
  return alike[nextBelow(random, alike.length)].answers[0];
}
