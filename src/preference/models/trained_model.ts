// A reward model that was trained on labels of comparisons, as a preference model (PreferenceModelFromChatRenderer of
// tinker_cookbook/preference).

import type { Renderer } from '../../renderers/types.ts';
import type { StepOptions } from '../../rl/types.ts';
import type { SamplingClient } from '../../tinker/clients.ts';
import { modelInputFromTokens } from '../../tinker/types.ts';
import { RequestError } from '../../util/errors.ts';
import { LABELS, type LabelPrompt, labelPrompts } from '../labels/comparison_prompt.ts';
import type { PreferenceLabel } from '../types.ts';
import type { PreferenceModel } from './preference_model.ts';

export interface TrainedModelOptions {
  client: SamplingClient;
  renderer: Renderer;
  /** Longest sequence that the model takes, in tokens. */
  maxContextLength: number;
  /** How much more probable B is than A, rather than the label that is said. */
  useProbability: boolean;
  /** Told once of each way in which a comparison cannot be judged. */
  warn(message: string): void;
}

const VERDICTS: Readonly<Record<PreferenceLabel, number>> = { A: -1, B: 1, Tie: 0 };

export function trainedModel(options: TrainedModelOptions): PreferenceModel {
  const { client, renderer, maxContextLength, useProbability } = options;
  const promptOf = labelPrompts(renderer);
  const told = new Set<string>();
  const unjudged = (why: string) => {
    if (!told.has(why)) options.warn(`the reward model cannot judge a comparison: ${why}`);
    told.add(why);
    return null;
  };
  return {
    async compare(comparison, { signal } = {}) {
      const prompt = promptOf(comparison);
      // The label's token, and behind one that is scored the token that a service samples.
      const longest = maxContextLength - (useProbability ? 2 : 1);
      if (prompt.tokens.length > longest) return unjudged(`it is longer than ${maxContextLength} tokens`);
      if (useProbability) return await expectedVerdict(client, prompt, signal);
      const label = await saidLabel(client, prompt, signal);
      return label === null ? unjudged('what it says is no label') : VERDICTS[label];
    },
  };
}

/** What is said when the most likely token is taken; null for what is no label. */
async function saidLabel(
  client: SamplingClient,
  { tokens, labels }: LabelPrompt,
  signal: StepOptions['signal'],
): Promise<PreferenceLabel | null> {
  const params = { max_tokens: 1, temperature: 0 };
  const { sequences } = await client.sample(modelInputFromTokens(tokens), 1, params, { signal });
  return LABELS.find((label) => labels[label] === sequences[0].tokens[0]) ?? null;
}

/** p(B) − p(A), of the probability that the two have together. */
async function expectedVerdict(
  client: SamplingClient,
  { tokens, labels }: LabelPrompt,
  signal: StepOptions['signal'],
): Promise<number> {
  const [A, B] = await Promise.all(
    (['A', 'B'] as const).map(async (label) => {
      const asked = modelInputFromTokens([...tokens, labels[label]]);
      const scored = await client.computeLogprobs(asked, { last_n: 1, signal });
      const last = scored.at(-1);
      if (typeof last === 'number') return last;
      throw new RequestError('the service gave no log-prob of a label');
    }),
  );
  return Math.tanh((B - A) / 2);
}
