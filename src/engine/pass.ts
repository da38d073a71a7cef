// One pass of the training graph over a microbatch: typed arrays in, log-probs of every example and gradients out.

import type { Example } from './examples.ts';
import { LOSS_FNS, type Loss } from './losses.ts';
import type { Parameters } from './parameters.ts';
import { type Dense, flag, floats, integers, type Session, scalar } from './session.ts';

const MASKED = -1e9;

export interface PassOptions {
  /** Queries that share a key head. */
  group: number;
  /** Absent: log-probs only. */
  loss?: Loss;
  /** Only the positions whose loss has a slope are projected onto the vocabulary; the others report NaN. */
  trainedOnly: boolean;
}

/** Log-probs (N·K) by example, in the order of the examples, and the outputs of the graph by name. */
export interface PassResult {
  logprobs: Float32Array[];
  outputs: Record<string, { data: Float32Array }>;
}

/** Runs examples of one K. Nothing to project: nothing is run, and there are no outputs. */
export async function runPass(
  session: Session,
  examples: readonly Example[],
  parameters: Parameters,
  { group, loss, trainedOnly }: PassOptions,
): Promise<PassResult> {
  const K = examples[0].K;
  const logprobs = examples.map(({ tokens }) => new Float32Array(tokens.length * K).fill(Number.NaN));
  const rows = examples.flatMap((example, e) =>
    example.tokens.flatMap((_, t) => (trainedOnly && !hasSlope(example, t) ? [] : [{ e, t }])),
  );
  if (rows.length === 0) return { logprobs, outputs: {} };

  const starts = startsOf(examples);
  const pick = (of: (example: Example) => ArrayLike<number>): Float32Array => {
    const values = new Float32Array(rows.length * K);
    for (const [m, { e, t }] of rows.entries()) {
      for (let k = 0; k < K; k++) values[m * K + k] = of(examples[e])[t * K + k];
    }
    return values;
  };
  const shape = [rows.length, K];
  const feeds: Record<string, Dense> = {
    ...sequenceFeeds(examples, group),
    ...parameters.feeds(),
    rows: integers(
      rows.map(({ e, t }) => starts[e] + t),
      [rows.length],
    ),
    targets: integers(
      pick((example) => example.targets),
      shape,
    ),
  };
  if (loss !== undefined) {
    feeds.weights = floats(
      pick((example) => example.weights),
      shape,
    );
    feeds.advantages = floats(
      pick((example) => example.advantages),
      shape,
    );
    feeds.q = floats(
      pick((example) => example.q),
      shape,
    );
    feeds.low = scalar(loss.low);
    feeds.high = scalar(loss.high);
    feeds.beta = scalar(loss.beta);
    for (const fn of LOSS_FNS) feeds[fn] = flag(fn === loss.fn);
  }
  const outputs = await session.run(feeds);
  for (const [m, { e, t }] of rows.entries()) {
    logprobs[e].set(outputs.logprobs.data.subarray(m * K, (m + 1) * K), t * K);
  }
  return { logprobs, outputs };
}

function hasSlope({ K, weights, advantages }: Example, t: number): boolean {
  for (let i = t * K; i < (t + 1) * K; i++) if (weights[i] !== 0 || advantages[i] !== 0) return true;
  return false;
}

/** Row of the first token of every example in the flat batch. */
function startsOf(examples: readonly Example[]): number[] {
  let next = 0;
  return examples.map(({ tokens }) => {
    const start = next;
    next += tokens.length;
    return start;
  });
}

/** The feeds that say what is read and where it stands: tokens, positions, padding index, causal mask. */
function sequenceFeeds(examples: readonly Example[], group: number): Record<string, Dense> {
  const B = examples.length;
  const T = Math.max(...examples.map(({ tokens }) => tokens.length));
  const tokens = examples.flatMap((example) => example.tokens);
  const N = tokens.length;
  const positions = new Int32Array(N);
  const padded = new Int32Array(N);
  const flat = new Int32Array(B * T);
  const mask = new Float32Array(B * T);
  let n = 0;
  for (const [b, example] of examples.entries()) {
    for (let t = 0; t < example.tokens.length; t++, n++) {
      positions[n] = t;
      padded[n] = b * T + t;
      flat[b * T + t] = n;
      mask[b * T + t] = 1;
    }
  }
  return {
    tokens: integers(tokens, [N]),
    positions: integers(positions, [N, 1]),
    flat: integers(flat, [B, T]),
    padded: integers(padded, [N]),
    mask: floats(mask, [B, T, 1]),
    causal: causalMask(T, group),
  };
}

/** (G·T, T): 0 up to and including the query's position, very negative after it; repeated for each query of the group. */
function causalMask(T: number, group: number): Dense {
  const data = new Float32Array(group * T * T);
  for (let row = 0; row < group * T; row++) data.fill(MASKED, row * T + (row % T) + 1, (row + 1) * T);
  return floats(data, [group * T, T]);
}
