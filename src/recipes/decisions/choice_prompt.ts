// A decision as a prompt that is answered with one token, and the token of each choice (tinker_cookbook/recipes/decisions).

import type { Message, Renderer } from '../../renderers/types.ts';
import { type Datum, modelInputFromTokens, tokensOf } from '../../tinker/types.ts';
import { ConfigurationError } from '../../util/errors.ts';
import type { Choice, Decision } from './types.ts';

export interface ChoicePrompt {
  tokens: number[];
  /** The token that says each choice, in their order. */
  choices: number[];
}

/** How a choice is answered: this and a letter. */
const PREFIX = 'choice#';

const letterOf = (index: number): string => String.fromCharCode('A'.charCodeAt(0) + index);

/** What is asked; the answer is `choice#` and the letter of a choice. */
function choiceMessages({ text, choices }: Pick<Decision, 'text' | 'choices'>, system: string | null): Message[] {
  const asked: Message = { role: 'user', content: [text, '', ...choices.map(choiceLine)].join('\n') };
  return system === null ? [asked] : [{ role: 'system', content: system }, asked];
}

export const CHOICE_INSTRUCTION = 'Answer with the id of one choice, as choice#?';

function choiceLine({ label, description }: Choice, index: number): string {
  const id = `${PREFIX}${letterOf(index)}`;
  return `${id} = ${JSON.stringify(label)}${description === null ? '' : `: ${description}`}`;
}

/**
 * How decisions are asked. The tokens of letters are those that tell the answers apart where a renderer has them stand.
 * @throws ConfigurationError where a renderer does not tell the choices apart by one token
 */
export function choicePrompts(renderer: Renderer, system: string | null): (decision: Decision) => ChoicePrompt {
  const letters = new Map<number, { before: number[]; tokens: number[] }>();
  const lettersOf = (count: number) => {
    const known = letters.get(count) ?? answerTokens(renderer, count);
    letters.set(count, known);
    return known;
  };
  return (decision) => {
    const prompt = tokensOf(renderer.buildGenerationPrompt(choiceMessages(decision, system)));
    const { before, tokens } = lettersOf(decision.choices.length);
    return { tokens: [...prompt, ...before], choices: tokens };
  };
}

/** What every answer begins with behind its prompt, and the token of each letter behind that. */
function answerTokens(renderer: Renderer, count: number): { before: number[]; tokens: number[] } {
  const question: Message[] = [{ role: 'user', content: 'Which?' }];
  const prompt = tokensOf(renderer.buildGenerationPrompt(question));
  const answers = Array.from({ length: count }, (_, index) => {
    const answer: Message = { role: 'assistant', content: `${PREFIX}${letterOf(index)}` };
    const { model_input } = renderer.buildSupervisedExample([...question, answer], 'last_assistant_message');
    return tokensOf(model_input);
  });
  const [first] = answers;
  const at = first.findIndex((token, i) => answers.some((answer) => answer[i] !== token));
  const tokens = answers.map((answer) => answer[at]);
  const isUnder = at >= prompt.length && prompt.every((token, i) => token === first[i]);
  const isOneToken = answers.every((answer) => answer.slice(at + 1).join() === first.slice(at + 1).join());
  if (isUnder && isOneToken && new Set(tokens).size === count)
    return { before: first.slice(prompt.length, at), tokens };
  throw new ConfigurationError(`the renderer ${renderer.name} does not tell ${count} choices apart by one token`, {
    hint: 'Set another renderer, e.g. role_colon.',
  });
}

/**
 * A prompt of N tokens as targets of K at each position: behind the last one the choices, elsewhere the next token with copies.
 * No weight stands on any: the loss is a function of the last K log-probs.
 */
export function choiceDatum({ tokens, choices }: ChoicePrompt): Datum {
  const [N, K] = [tokens.length, choices.length];
  const targets = tokens.flatMap((_, n) => (n === N - 1 ? choices : new Array<number>(K).fill(tokens[n + 1])));
  const weights = new Float32Array(N * K).fill(1, (N - 1) * K);
  return {
    model_input: modelInputFromTokens(tokens),
    loss_fn_inputs: {
      target_tokens: { data: targets, dtype: 'int64', shape: [N, K] },
      weights: { data: weights, dtype: 'float32', shape: [N, K] },
    },
  };
}

/** The log-probs of the choices, among those of a datum. */
export const choiceLogprobs = (logprobs: ArrayLike<number>, count: number): number[] =>
  Array.from({ length: count }, (_, k) => logprobs[logprobs.length - count + k]);
