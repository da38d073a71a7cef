// What a teacher is asked who may look at a demonstration: the question with the answer of another, in a template.

import { visibleText } from '../completers/completers.ts';
import { closestNames } from '../registry/suggest.ts';
import type { Message } from '../renderers/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import type { Demonstration } from './demonstrations.ts';

/** The same in substance as the Python cookbook's. */
export const DEFAULT_TEMPLATE =
  '{question}\n\nFor example, somebody has answered it like this:\n{demonstration}\n\nGive an answer of your own now, with all your reasoning.';

const PLACES = ['{question}', '{demonstration}'] as const;

/** What is wrong with a template, as a sentence; null: nothing. */
export function templateProblem(template: string): string | null {
  for (const [place] of template.matchAll(/\{\w+\}/g)) {
    if (PLACES.some((known) => known === place)) continue;
    const [near] = closestNames(place, PLACES, 1);
    if (near !== undefined) return `the template has ${place}, which nothing is put in place of; did you mean ${near}?`;
  }
  const missing = PLACES.filter((place) => !template.includes(place));
  if (missing.length === 0) return null;
  return `the template has no ${missing.join(' and no ')}: what stands there is put in its place`;
}

/** The prompt of a demonstration with the question put into the template, and its answer with it. */
export function teacherPrompt({ prompt, completion }: Demonstration, template: string): Message[] {
  const problem = templateProblem(template);
  if (problem !== null) throw new ConfigurationError(`teacher_template: ${problem}`);
  const question = prompt[prompt.length - 1];
  const texts: Record<string, string> = {
    '{question}': visibleText(question),
    '{demonstration}': visibleText(completion),
  };
  const content = template.replace(/\{question\}|\{demonstration\}/g, (place) => texts[place]);
  return [...prompt.slice(0, -1), { ...question, content }];
}
