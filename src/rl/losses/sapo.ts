// SAPO: a sigmoid in the place of PPO's clip, so that a token's influence fades with its ratio and never ends at once.

import { defineLoss } from './define.ts';
import { sumOfTokens, sumOverSequences } from './sequences.ts';
import { ofTokenInSequence } from './shares.ts';
import type { CustomLoss } from './types.ts';

const temperature = (sign: string, value: number) => ({
  doc: `How fast the influence of tokens of ${sign} advantage fades as their ratio leaves 1.`,
  default: value,
  exclusiveMinimum: 0,
});

/** d/dr of 4/τ·σ(τ(r − 1)) is 4·σ·(1 − σ): 1 where r is 1, so the slope there is that of r·A. */
export const sapo: CustomLoss = defineLoss({
  name: 'sapo',
  doc: 'Samples that are a little stale, mixtures of experts: near-on-policy tokens keep their gradient, the others fade out.',
  formula:
    '−1/D · Σ over sequences of 1/n · Σ 4/τ·σ(τ·(r − 1))·A, τ = temperature_pos where A > 0, else temperature_neg',
  source: '2511.20347',
  settings: { temperature_pos: temperature('positive', 1), temperature_neg: temperature('negative', 1.05) },
  compute: (inputs, { temperature_pos, temperature_neg }) =>
    sumOverSequences(inputs, ofTokenInSequence(inputs), (tokens) => {
      const { loss, slopes } = sumOfTokens(tokens, ({ ratio, moves, advantage }) => {
        const tau = advantage > 0 ? temperature_pos : temperature_neg;
        const gate = 1 / (1 + Math.exp(-tau * (ratio - 1)));
        return {
          loss: (-4 / tau) * gate * advantage,
          slope: -4 * gate * (1 - gate) * ratio * moves * advantage,
          clipped: false,
        };
      });
      return { loss, slopes };
    }),
});
