// A language model that judges by a rubric (tinker_cookbook/recipes/rubric, which takes what it cannot read for a 0).

import { type MessageCompleter, visibleText } from '../../completers/completers.ts';
import type { FieldProblem } from '../../registry/builder.ts';
import type { Message } from '../../renderers/types.ts';
import type { StepOptions } from '../../rl/types.ts';
import { lastFound } from '../../util/bounded_search.ts';
import { DECIMAL_NUMBER } from '../../util/decimal.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { groupProblem } from '../../util/expressions.ts';
import { seedFor } from '../../util/random.ts';
import { shown } from '../../util/shown.ts';
import { type Completion, type PreferenceModel, type Score, scoringModel } from './preference_model.ts';
import { textOf } from './rules.ts';

export interface RubricOptions {
  rubric: string;
  mode: 'score' | 'compare';
  instruction: string | null;
  pattern: string | null;
  min_score: number;
  max_score: number;
  temperature: number;
  retries: number;
}

export interface RubricParts {
  judge: MessageCompleter;
  seed: number;
  /** Told of the first answer that cannot be read. */
  warn(message: string): void;
}

/** What is wrong with settings that are right each for itself. */
export function rubricProblems({ pattern, min_score, max_score, retries, temperature }: RubricOptions): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const tell = (field: string, message: string | null) => message !== null && problems.push({ field, message });
  if (min_score >= max_score) tell('max_score', `must be above min_score, ${min_score}`);
  if (retries > 0 && temperature === 0)
    tell('retries', 'at temperature 0 another answer is the same one: set temperature above 0');
  if (pattern !== null) tell('pattern', groupProblem(pattern));
  return problems;
}

/** @throws ConfigurationError for settings that contradict one another */
export function rubricModel(options: RubricOptions, parts: RubricParts): PreferenceModel {
  if (options.mode === 'score') return scoringModel(rubricScorer(options, parts));
  requireSound(options);
  const ask = asker(options, parts);
  return {
    async compare({ prompt_conversation, completion_A, completion_B }, step) {
      const replies = [section('reply_A', textOf(completion_A)), section('reply_B', textOf(completion_B))];
      const sections = [...conversationSections(prompt_conversation), ...replies, section('rubric', options.rubric)];
      return await ask(questionOf(sections, options), readVerdict, step);
    },
  };
}

/**
 * What a reply is worth by the rubric, from 0 to 1.
 * @throws ConfigurationError for settings that contradict one another
 */
export function rubricScorer(options: RubricOptions, parts: RubricParts): Score {
  requireSound(options);
  const { min_score: lowest, max_score: highest } = options;
  const ask = asker(options, parts);
  return async (completion, step) => {
    const score = await ask(scoreQuestion(options, completion), readNumber, step);
    return score === null ? null : (Math.min(Math.max(score, lowest), highest) - lowest) / (highest - lowest);
  };
}

/** What a judge is asked about one reply: what one that is trained reads. */
export function scoreQuestion(
  options: Pick<RubricOptions, 'rubric' | 'mode' | 'instruction' | 'min_score' | 'max_score'>,
  { prompt_conversation, completion }: Completion,
): string {
  const reply = section('reply', textOf(completion));
  return questionOf([...conversationSections(prompt_conversation), reply, section('rubric', options.rubric)], options);
}

function requireSound(options: RubricOptions): void {
  const [problem] = rubricProblems(options);
  if (problem !== undefined) throw new ConfigurationError(`${problem.field}: ${problem.message}`);
}

function questionOf(
  sections: readonly string[],
  { mode, instruction, min_score, max_score }: Pick<RubricOptions, 'mode' | 'instruction' | 'min_score' | 'max_score'>,
): string {
  const asked =
    mode === 'score'
      ? `How well does the reply meet the rubric? Answer with a number from ${min_score} to ${max_score}, as <score>NUMBER</score>.`
      : 'Which reply meets the rubric better? Answer with <preference>A</preference>, <preference>B</preference> or <preference>Tie</preference>.';
  return [...sections, instruction ?? asked].join('\n\n');
}

type Ask = <T>(question: string, read: (text: string) => T | null, step?: StepOptions) => Promise<T | null>;

/** Asks until an answer can be read, as often as may be. What is sampled depends on the question and the attempt alone. */
function asker({ mode, pattern, retries }: RubricOptions, parts: RubricParts): Ask {
  const { judge, seed, warn } = parts;
  const tag = mode === 'score' ? 'score' : 'preference';
  // From the last opening mark: a judge may speak of the mark before it sets it.
  const expression = new RegExp(pattern ?? `<${tag}>((?:(?!<${tag}>).)*?)</${tag}>`, 'gs');
  let isTold = false;
  return async (content, read, { signal } = {}) => {
    for (let attempt = 0; ; attempt++) {
      const { message } = await judge.complete([{ role: 'user', content }], {
        seed: seedFor(seed, 'rubric', content, attempt),
        signal,
      });
      const answer = visibleText(message);
      const found = lastFound(expression, answer);
      const value = typeof found === 'string' || found.group === null ? null : read(found.group.trim());
      if (value !== null || attempt === retries) {
        if (value === null && !isTold) {
          isTold = true;
          warn(
            `the judge of the rubric gave no ${tag} that can be read, and what it was asked does not count: ${shown(answer)}`,
          );
        }
        return value;
      }
    }
  };
}

function conversationSections(messages: readonly Message[]): string[] {
  const lines = messages.map((message) => `${message.role}: ${visibleText(message)}`);
  return [
    'Judge by the rubric how an assistant goes on with this conversation.',
    section('conversation', lines.join('\n')),
  ];
}

const section = (name: string, text: string) => `<${name}>\n${text}\n</${name}>`;

/** Decimal, as people write numbers: no hexadecimal, no Infinity. */
const readNumber = (text: string): number | null => (DECIMAL_NUMBER.test(text) ? finite(Number(text)) : null);

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

const VERDICTS = new Map([
  ['a', -1],
  ['b', 1],
  ['tie', 0],
]);

const readVerdict = (text: string): number | null => VERDICTS.get(text.toLowerCase()) ?? null;
