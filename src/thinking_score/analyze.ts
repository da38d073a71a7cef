// One problem: the model thinks about it, and its thoughts are probed by exits to the answer behind each of their steps.

import type { BenchmarkExample } from '../evaluation/types.ts';
import type { Renderer } from '../renderers/types.ts';
import type { SamplingClient } from '../tinker/clients.ts';
import { lengthOf, type ModelInput, modelInputFromTokens, tokensOf } from '../tinker/types.ts';
import { RequestError } from '../util/errors.ts';
import { randomFor } from '../util/random.ts';
import { type Confidences, type ScoredStep, thinkingScore } from './scores.ts';
import { isSelfVerification, perturbed, splitSteps } from './steps.ts';

export interface ThinkingOptions {
  client: SamplingClient;
  renderer: Renderer;
  max_tokens: number;
  /** What the answer stands behind; null = what closes the reasoning, or a box. */
  answer_cue: string | null;
  min_step_chars: number;
  seed: number;
  /** Tokens that the model takes. */
  contextLength: number;
  /** Told of each step that has no room for an answer behind it, and is left out. */
  onLeftOut(): void;
  signal: AbortSignal;
}

interface ProbedStep extends ScoredStep {
  index: number;
  /** What stood in its place; empty where a step without numbers was left out. */
  changed: string;
  confidences: Confidences;
}

export interface ProbedProblem {
  problem: string;
  question: string;
  answer: string;
  reply: string;
  /** The model gives the answer more than ½ behind all of its thoughts. */
  model_correct: boolean;
  mean_tts: number;
  steps: ProbedStep[];
}

const BOX = '\n\nThe final answer is \\boxed{';
const END_OF_THOUGHT = '</think>';

/** Null for a problem without an answer to be sure of, and for thoughts without a step that can be probed. */
export async function probeProblem(example: BenchmarkExample, options: ThinkingOptions): Promise<ProbedProblem | null> {
  const { expected: answer, input: question, example_id: problem } = example;
  if (answer === null || answer === '') return null;
  const env = await example.makeEnv();
  const first = await env.initialObservation();
  if ('overflow' in first) return null;
  const { client, max_tokens, renderer, seed, onLeftOut, signal } = options;
  const params = { max_tokens, temperature: 0, stop: first.stop_condition, seed };
  const { sequences } = await client.sample(first.observation, 1, params, { signal });
  const reply = renderer.tokenizer.decode(sequences[0].tokens, { skipSpecialTokens: true, continues: true });
  const { thoughts, cue } = partedReply(reply, options.answer_cue);
  const texts = splitSteps(thoughts, options.min_step_chars);
  const sure = confidence(first.observation, { ...options, cue, answer });
  const probed = await Promise.all(
    texts.map(async (text, index): Promise<ProbedStep | null> => {
      const change = (what: string, kind: string) =>
        perturbed(what, randomFor(seed, 'thinking score', problem, index, kind));
      const before = texts.slice(0, index).join('');
      const changedBefore = change(before, 'context') ?? before;
      const changed = change(text, 'step') ?? '';
      const [step_context, changed_step_context, step_changed_context, changed_step_changed_context] =
        await Promise.all([
          sure(before + text),
          sure(before + changed),
          sure(changedBefore + text),
          sure(changedBefore + changed),
        ]);
      if (
        step_context === null ||
        changed_step_context === null ||
        step_changed_context === null ||
        changed_step_changed_context === null
      ) {
        onLeftOut();
        return null;
      }
      const confidences = { step_context, changed_step_context, step_changed_context, changed_step_changed_context };
      const tts = thinkingScore(confidences);
      return { index, text, changed, tts, self_verification: isSelfVerification(text), confidences };
    }),
  );
  const steps = probed.filter((step) => step !== null);
  const last = steps.at(-1);
  if (last === undefined) return null;
  return {
    problem,
    question,
    answer,
    reply,
    model_correct: last.confidences.step_context > 0.5,
    mean_tts: steps.reduce((sum, { tts }) => sum + tts, 0) / steps.length,
    steps,
  };
}

/** What was thought before the answer, and what the answer stands behind. */
function partedReply(reply: string, asked: string | null): { thoughts: string; cue: string } {
  const end = reply.indexOf(END_OF_THOUGHT);
  if (asked === null) {
    return end === -1
      ? { thoughts: reply, cue: BOX }
      : { thoughts: reply.slice(0, end), cue: `\n${END_OF_THOUGHT}${BOX}` };
  }
  const at = reply.lastIndexOf(asked.trim());
  return { thoughts: at === -1 ? reply : reply.slice(0, at), cue: asked };
}

/** The probability of the answer behind thoughts that end here; null where both are more than the model takes. */
function confidence(
  prompt: ModelInput,
  { client, renderer, contextLength, cue, answer, signal }: ThinkingOptions & { cue: string; answer: string },
): (thoughts: string) => Promise<number | null> {
  const { tokenizer } = renderer;
  const bare = cue.trimEnd();
  // A space in front of the answer belongs to its first token, with most tokenizers.
  const said = cue.slice(bare.length) + answer;
  return async (thoughts) => {
    const [behind, exit, tokens] = tokenizer.encodePieces([
      { text: thoughts, special: false },
      { text: bare, special: true, apart: true },
      { text: said, special: false },
    ]);
    const input = modelInputFromTokens([...tokensOf(prompt), ...behind, ...exit, ...tokens]);
    if (lengthOf(input) > contextLength) return null;
    const logprobs = await client.computeLogprobs(input, { last_n: tokens.length, signal });
    // Entry i is of token i: those of the answer are the last ones.
    const ofAnswer = logprobs.slice(-tokens.length);
    const sum = ofAnswer.reduce<number>((total, each) => {
      if (typeof each === 'number') return total + each;
      throw new RequestError('the service gave no log-prob of an answer');
    }, 0);
    return Math.exp(sum);
  };
}
