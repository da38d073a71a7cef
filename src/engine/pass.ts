// One pass of the training graph over a microbatch: typed arrays in, log-probs of every example and gradients out.

import { attentionFeeds } from './attention_index.ts';
import type { Example } from './examples.ts';
import { LOSS_FNS, type Loss } from './losses.ts';
import { passBytes } from './memory_estimates.ts';
import type { Model } from './model.ts';
import type { Parameters } from './parameters.ts';
import { type Dense, flag, floats, integers, type Session, scalar } from './session.ts';

export interface PassOptions {
  model: Pick<Model, 'base' | 'rotary'>;
  /** Absent: log-probs only. */
  loss?: Loss;
  /** Only the positions whose loss has a slope are projected onto the vocabulary; the others report NaN. */
  trainedOnly: boolean;
  /** Whether the graph computes blocks again for their gradients. */
  checkpointing?: boolean;
  /** Of a graph that ranks: how many of the most likely tokens. */
  topK?: number;
}

const LESS_MEMORY =
  'Lower microbatch_tokens of the service, or max_length of the data. In training, activation_checkpointing: true takes about a third of the memory.';

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
  { model, loss, trainedOnly, checkpointing = false, topK = 0 }: PassOptions,
): Promise<PassResult> {
  const K = examples[0].K;
  const logprobs = examples.map(({ tokens }) => new Float32Array(tokens.length * K).fill(Number.NaN));
  const rows = examples.flatMap((example, e) =>
    example.tokens.flatMap((_, t) => (trainedOnly && !hasSlope(example, t) ? [] : [{ e, t }])),
  );
  if (rows.length === 0) return { logprobs, outputs: {} };

  const lengths = examples.map((example) => example.tokens.length);
  const shape = { lengths, rows: rows.length, backward: loss !== undefined, checkpointing };
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  session.memory?.require(passBytes(model.base.config, shape), `a pass over ${tokens} tokens`, LESS_MEMORY);

  const starts = startsOf(examples);
  const pick = (of: (example: Example) => ArrayLike<number>): Float32Array => {
    const values = new Float32Array(rows.length * K);
    for (const [m, { e, t }] of rows.entries()) {
      for (let k = 0; k < K; k++) values[m * K + k] = of(examples[e])[t * K + k];
    }
    return values;
  };
  const dims = [rows.length, K];
  const feeds: Record<string, Dense> = {
    ...sequenceFeeds(examples, model),
    ...parameters.feeds(),
    rows: integers(
      rows.map(({ e, t }) => starts[e] + t),
      [rows.length],
    ),
    targets: integers(
      pick((example) => example.targets),
      dims,
    ),
  };
  if (loss !== undefined) {
    feeds.weights = floats(
      pick((example) => example.weights),
      dims,
    );
    feeds.advantages = floats(
      pick((example) => example.advantages),
      dims,
    );
    feeds.q = floats(
      pick((example) => example.q),
      dims,
    );
    feeds.low = scalar(loss.low);
    feeds.high = scalar(loss.high);
    feeds.beta = scalar(loss.beta);
    for (const fn of LOSS_FNS) feeds[fn] = flag(fn === loss.fn);
  }
  if (topK > 0) feeds.top_k = integers([topK], [1]);
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

/** The feeds that say what is read and where it stands: tokens, positions and the index of attention. */
function sequenceFeeds(examples: readonly Example[], { base, rotary }: PassOptions['model']): Record<string, Dense> {
  const lengths = examples.map((example) => example.tokens.length);
  const tokens = examples.flatMap((example) => example.tokens);
  const positions = examples.flatMap((example) => example.tokens.map((_, t) => t));
  return {
    tokens: integers(tokens, [tokens.length]),
    positions: integers(positions, [tokens.length, 1]),
    ...rotary(Math.max(...lengths)),
    ...attentionFeeds(lengths, base.config),
  };
}
