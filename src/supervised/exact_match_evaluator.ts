// The exact_match evaluator: how many held-out replies the model gives itself, word for word.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { semantic } from '../registry/fields.ts';
import type { Renderer } from '../renderers/types.ts';
import { type Datum, modelInputFromTokens, tokensOf } from '../tinker/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { type Evaluator, evaluatorSlot } from '../training/evaluator.ts';
import { ConfigurationError } from '../util/errors.ts';
import { startAll } from '../util/start_all.ts';

/** Replies that are asked for at once. */
const AT_ONCE = 64;

export const exactMatch = defineBuilder({
  slot: evaluatorSlot,
  name: 'exact_match',
  version: 1,
  doc: 'NAME/exact_match: the share of held-out examples whose last reply the model gives word for word, sampled greedily.',
  params: Type.Object({
    name: semantic(Type.String({ description: 'Begins the name of the metric.', default: 'test', minLength: 1 })),
  }),
  build({ name }, { test, tokenizer, renderer }): Evaluator {
    if (test === null) {
      throw new ConfigurationError('the exact_match evaluator has no held-out set to measure', {
        hint: 'Set test_size or test_file_path in the dataset, or leave the evaluator out.',
      });
    }
    const stop = renderer?.getStopSequences();
    const longestStop = (stop ?? []).map((each) => (typeof each === 'string' ? tokenizer.encode(each).length : 1));
    const questions = async () => {
      const batches = await Promise.all(Array.from({ length: test.length }, (_, index) => test.getBatch(index)));
      return batches.flat().map((datum) => {
        const { prompt, reply } = lastReply(datum);
        // More than it has: a reply which goes on is another one, and a stop that is a text may lie behind what is trained.
        return { prompt, reply, max_tokens: reply.length + Math.max(1, ...longestStop) };
      });
    };
    return {
      async estimate() {
        const all = await questions();
        const prefill = all.reduce((sum, { prompt }) => sum + prompt.length, 0);
        const sample = all.reduce((sum, { max_tokens }) => sum + max_tokens, 0);
        return { tokens: { prefill, sample }, atMost: true };
      },
      async evaluate({ sampling, signal }) {
        const asked = await questions();
        const client = await sampling();
        const matches = await Promise.all(
          startAll(asked, { most: AT_ONCE, signal }, async ({ prompt, reply, max_tokens }, _, signal) => {
            const params = {
              max_tokens,
              temperature: 0,
              seed: 0,
              ...(stop !== undefined && { stop }),
            };
            const { sequences } = await client.sample(modelInputFromTokens(prompt), 1, params, { signal });
            const [given, wanted] = [sequences[0].tokens, reply].map((each) => saidIn(each, { renderer, tokenizer }));
            return given === wanted;
          }),
        );
        return { [`${name}/exact_match`]: matches.filter((matched) => matched).length / matches.length };
      },
    };
  },
  headline: ({ name }) => [{ metric: `${name}/exact_match`, goal: 'maximize', label: `${name}/exact_match` }],
});

/** The last stretch of targets that are trained, and all tokens before it. */
export function lastReply({ model_input, loss_fn_inputs: { target_tokens, weights } }: Datum): {
  prompt: number[];
  reply: number[];
} {
  const trained = Array.from(weights.data, (weight) => weight > 0);
  const end = trained.lastIndexOf(true) + 1;
  const start = trained.lastIndexOf(false, end - 1) + 1;
  const tokens = tokensOf(model_input);
  return { prompt: tokens.slice(0, start + 1), reply: Array.from(target_tokens.data).slice(start, end) };
}

/** The text; with a renderer the message, in which what ended it does not count. */
function saidIn(
  tokens: readonly number[],
  { renderer, tokenizer }: { renderer: Renderer | null; tokenizer: Tokenizer },
): string {
  if (renderer === null) return tokenizer.decode(tokens, { skipSpecialTokens: true }).trim();
  const { message } = renderer.parseResponse(tokens);
  const { content } = message;
  return JSON.stringify({ ...message, content: typeof content === 'string' ? content.trim() : content });
}
