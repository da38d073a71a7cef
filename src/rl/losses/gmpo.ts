// GMPO: the geometric mean of a sequence's ratios, each clipped before the mean is taken.

import { defineLoss } from './define.ts';
import { sumOverSequences } from './sequences.ts';
import { ofSequence } from './shares.ts';
import type { CustomLoss } from './types.ts';

/** The advantage is the sequence's; where those of its tokens differ, their mean. */
export const gmpo: CustomLoss = defineLoss({
  name: 'gmpo',
  doc: 'Long replies with tokens of odd ratios: the geometric mean feels them little, so its bounds can be wide.',
  formula:
    '−1/D · Σ over sequences of A·exp(1/n · Σ c), c = min(log r, epsilon_high) where A > 0, max(log r, −epsilon) where A < 0',
  source: '2507.20673',
  settings: {
    epsilon: { doc: 'How far below 0 the logarithm of a ratio counts.', default: 0.4, minimum: 0 },
    epsilon_high: { doc: 'How far above 0 it counts. Absent: as far as below.', default: null, minimum: 0 },
  },
  compute: (inputs, { epsilon, epsilon_high = epsilon }) =>
    sumOverSequences(inputs, ofSequence(inputs), (tokens) => {
      const mean = (of: (token: (typeof tokens)[number]) => number) =>
        tokens.reduce((sum, token) => sum + of(token), 0) / tokens.length;
      const advantage = mean((token) => token.advantage);
      const isClipped = (logRatio: number) =>
        (advantage > 0 && logRatio > epsilon_high) || (advantage < 0 && logRatio < -epsilon);
      const bound = advantage > 0 ? epsilon_high : -epsilon;
      const ratio = Math.exp(mean(({ logRatio }) => (isClipped(logRatio) ? bound : logRatio)));
      return {
        loss: -advantage * ratio,
        slopes: tokens.map(({ logRatio, moves }) =>
          isClipped(logRatio) ? 0 : (-advantage * ratio * moves) / tokens.length,
        ),
        clipped: tokens.filter(({ logRatio }) => isClipped(logRatio)).length,
      };
    }),
});
