// The divergence of sampler and trainer by depth: pure arithmetic over scored tokens.

import type { TokenScores } from './agreement.ts';

/** What two log-probs of the same tokens differ by, in nats. */
export interface Divergence {
  tokens: number;
  /** Mean of sampled − trained: an estimate of KL(sampler ‖ trainer) without bias; `optim/kl_sample_train_v1`. */
  kl_v1: number;
  /** Half the mean of its square, which has less variance and is never negative; `optim/kl_sample_train_v2`. */
  kl_v2: number;
  largest: number;
}

export interface DepthRow extends Divergence {
  /** Positions from here… */
  from: number;
  /** …up to and with this one. */
  to: number;
}

/** Of all tokens. */
export function divergence(scores: readonly TokenScores[]): Divergence {
  let sum = 0;
  let square = 0;
  let largest = 0;
  for (const { sampled, trained } of scores) {
    const delta = sampled - trained;
    sum += delta;
    square += delta ** 2;
    // NaN stays, so that a log-prob that is no number is never taken for agreement.
    largest = Number.isNaN(delta) || Math.abs(delta) > largest ? Math.abs(delta) : largest;
  }
  const tokens = scores.length;
  if (tokens === 0) return { tokens, kl_v1: 0, kl_v2: 0, largest: 0 };
  return { tokens, kl_v1: sum / tokens, kl_v2: (0.5 * square) / tokens, largest };
}

/** Depths double from row to row, as errors that grow with depth are seen over orders of magnitude. */
export function byDepth(scores: readonly TokenScores[], first = 32): DepthRow[] {
  const rows: DepthRow[] = [];
  const deepest = scores.at(-1)?.position ?? -1;
  for (let from = 0, to = first - 1; from <= deepest; [from, to] = [to + 1, 2 * to + 1]) {
    const within = scores.filter(({ position }) => position >= from && position <= to);
    if (within.length > 0) rows.push({ from, to: Math.min(to, deepest), ...divergence(within) });
  }
  return rows;
}

/** Whether two divide by more than is allowed, or by what is no number. */
export const exceeds = ({ kl_v1, kl_v2 }: Divergence, most: number): boolean =>
  !(Math.abs(kl_v1) <= most && kl_v2 <= most);

/** Cells of the table, in columns that line up. */
export function depthLines(rows: readonly DepthRow[]): string[] {
  const cells = [
    ['depth', 'tokens', 'KL v1', 'KL v2', 'largest'],
    ...rows.map(({ from, to, tokens, kl_v1, kl_v2, largest }) => [
      `${from}–${to}`,
      String(tokens),
      nats(kl_v1),
      nats(kl_v2),
      nats(largest),
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  '),
  );
}

/** Two digits are all that matters of a difference. */
export const nats = (value: number): string =>
  value === 0 ? '0' : Math.abs(value) >= 0.01 ? value.toFixed(3) : value.toExponential(1);
