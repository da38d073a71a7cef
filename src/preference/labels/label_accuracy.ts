// How often a model that is trained on labels of comparisons is right about those that are held out, in both orders.

import type { Evaluator } from '../../training/evaluator.ts';
import type { Metrics } from '../../training/types.ts';
import { labelDatum, type RenderedComparison } from './label_question.ts';

/** Comparisons whose log-probs are asked for at once; each is four sequences. */
const AT_ONCE = 16;

export function labelAccuracy(heldOut: readonly RenderedComparison[]): Evaluator {
  return {
    async evaluate({ training, signal }) {
      const judged: Judged[] = [];
      for (let first = 0; first < heldOut.length; first += AT_ONCE) {
        signal.throwIfAborted();
        const group = heldOut.slice(first, first + AT_ONCE);
        const data_D = group.flatMap(({ orders }) =>
          orders.flatMap((question) => (['A', 'B'] as const).map((label) => labelDatum(question, label, 1))),
        );
        const output = await (await training.forward(data_D, 'cross_entropy', {}, { logprobs: 'trained' })).result();
        const last_D = output.loss_fn_outputs.map(({ logprobs }) => logprobs.data[logprobs.data.length - 1]);
        // Of both labels together the share that B has.
        const secondIsBetter = (q: number) => 1 / (1 + Math.exp(last_D[2 * q] - last_D[2 * q + 1]));
        for (const [i, { orders, ruled }] of group.entries()) {
          const forB: [number, number] = [secondIsBetter(2 * i), 1 - secondIsBetter(2 * i + 1)];
          judged.push({ labeled: { A: -1, B: 1, Tie: 0 }[orders[0].label], ruled, forB });
        }
      }
      return accuracyMetrics(judged);
    },
  };
}

export interface Judged {
  /** What the row says: −1 for A, 1 for B, 0 for a tie. */
  labeled: number;
  /** What the true rule says, in the same way. */
  ruled: number | null;
  /** How probable it is to the model that B of the row is better: where the row's order is kept, and where it is reversed. */
  forB: readonly [number, number];
}

/** Ties do not count but for `order_consistency`. What there is nothing to measure of is left out. */
export function accuracyMetrics(judged: readonly Judged[]): Metrics {
  const labeled = judged.filter(({ labeled }) => labeled !== 0).map((each) => forWinner(each, each.labeled));
  const ruled = judged.flatMap((each) =>
    each.ruled === null || each.ruled === 0 ? [] : [forWinner(each, each.ruled)],
  );
  const all: [string, readonly number[]][] = [
    ['accuracy', labeled.flat().map(isRight)],
    ['accuracy_both_orders', labeled.map(([kept, reversed]) => Math.floor(Math.min(isRight(kept), isRight(reversed))))],
    ['label_probability', labeled.flat()],
    ['order_consistency', judged.map(({ forB: [kept, reversed] }) => (kept > 0.5 === reversed > 0.5 ? 1 : 0))],
    ['rule_accuracy', ruled.flat().map(isRight)],
  ];
  return Object.fromEntries(
    all.flatMap(([name, values]) => (values.length === 0 ? [] : [[`test/${name}`, mean(values)]])),
  );
}

/** How probable the better completion is, in each order. */
const forWinner = ({ forB: [kept, reversed] }: Judged, winner: number): [number, number] =>
  winner > 0 ? [kept, reversed] : [1 - kept, 1 - reversed];

const isRight = (probability: number): number => (probability === 0.5 ? 0.5 : probability > 0.5 ? 1 : 0);

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
