// A service whose models say what the test has them say: for replies that no model of a few thousand weights would give.

import type { SampleOptions, ServiceClient } from '../../src/tinker/clients.ts';
import type { ModelInput, SamplingParams } from '../../src/tinker/types.ts';

export interface Script {
  /** Tokens of the reply, the one that ends it included. */
  tokens: number[];
  /** Prompts that were asked, and how. */
  asked: { input: ModelInput; params: SamplingParams }[];
}

export function scriptedService(script: Script): ServiceClient {
  const refused = () => Promise.reject(new Error('the script has no part for this'));
  return {
    getServerCapabilities: refused,
    createLoraTrainingClient: refused,
    createTrainingClientFromState: refused,
    createTrainingClientFromStateWithOptimizer: refused,
    deleteCheckpoint: refused,
    close: () => Promise.resolve(),
    createSamplingClient: () =>
      Promise.resolve({
        async sample(input: ModelInput, numSamples: number, params: SamplingParams, { onToken }: SampleOptions = {}) {
          script.asked.push({ input, params });
          const tokens = script.tokens.slice(0, params.max_tokens);
          for (const token of tokens) {
            await new Promise((resolve) => setImmediate(resolve));
            for (let member = 0; member < numSamples; member++) onToken?.(token, member);
          }
          const stop_reason = tokens.length < script.tokens.length ? ('length' as const) : ('stop' as const);
          return {
            sequences: Array.from({ length: numSamples }, () => ({
              stop_reason,
              tokens,
              logprobs: tokens.map(() => -1),
            })),
          };
        },
        computeLogprobs: refused,
        getInfo: refused,
        close: () => Promise.resolve(),
      }),
  };
}
