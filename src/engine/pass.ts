// One pass of the training graph over a microbatch: typed arrays in, log-probs of every example and gradients out.

import { factorA } from './adapter_shape.ts';
import { attentionFeeds } from './attention_index.ts';
import { type Example, isWanted } from './examples.ts';
import { groupFeed, rowsInGroups } from './frozen_linear.ts';
import { type Layout, layOut } from './layout.ts';
import { TOKEN_LOSSES, type TokenLoss } from './losses.ts';
import { passBytes } from './memory_estimates.ts';
import type { Model } from './model.ts';
import { FEWEST_ROWS, MANY_COLUMNS } from './products.ts';
import { type Dense, flag, floats, integers, type Session, scalar } from './session.ts';
import { EMBEDDING_NOISE } from './training_graph.ts';

export interface PassOptions {
  model: Pick<Model, 'base' | 'rotary'>;
  /** Absent: log-probs only. */
  loss?: TokenLoss;
  /** Only the positions that the loss depends on, or that are asked for, are projected onto the vocabulary; the others report NaN. */
  trainedOnly: boolean;
  /** Whether the graph computes blocks again for their gradients. */
  checkpointing?: boolean;
  /** Of a graph with noise: what is added to the embeddings of an example, (T, D). */
  noiseOf?(e: number): Float32Array;
  /** Of a graph that tells more than log-probs: what it takes for the rows that are projected. */
  feedsOf?(rows: readonly Row[]): Record<string, Dense>;
}

/** A position of an example. */
export interface Row {
  e: number;
  t: number;
}

/** Layers that read one x: queries, keys and values. */
const MOST_STACKED = 3;

const LESS_MEMORY =
  'Lower microbatch_tokens of the service, or max_length of the data. In training, activation_checkpointing: true takes about half of the memory.';

/** Log-probs (N·K) by example, in the order of the examples, and the outputs of the graph by name. */
export interface PassResult {
  logprobs: Float32Array[];
  outputs: Record<string, { data: Float32Array }>;
}

/** Runs examples of one K. Nothing to project: nothing is run, and there are no outputs. `parameters` are those that the graph takes. */
export async function runPass(
  session: Session,
  examples: readonly Example[],
  parameters: Record<string, Dense>,
  { model, loss, trainedOnly, checkpointing = false, noiseOf, feedsOf }: PassOptions,
): Promise<PassResult> {
  const K = examples[0].K;
  const logprobs = examples.map(({ tokens }) => new Float32Array(tokens.length * K).fill(Number.NaN));
  const rows: Row[] = examples.flatMap((example, e) =>
    example.tokens.flatMap((_, t) => (trainedOnly && !isWanted(example, t) ? [] : [{ e, t }])),
  );
  if (rows.length === 0) return { logprobs, outputs: {} };

  const { config } = model.base;
  const layout = layOut(examples);
  const tokens = layout.tokens.length;
  const lengths = examples.map((example) => example.tokens.length);
  const shape = { lengths, tokens, rows: rows.length, backward: loss !== undefined, checkpointing };
  session.memory?.require(passBytes(config, shape), `a pass over ${tokens} tokens`, LESS_MEMORY);

  const wanted = rows.length;
  if (loss === undefined) {
    // An even number, and as many as a small vocabulary has tokens: what a row gives then depends on no other (`products.ts`).
    const least = config.vocab_size > MANY_COLUMNS ? 2 : Math.max(FEWEST_ROWS, config.vocab_size);
    while (rows.length < least || rows.length % 2 === 1) rows.push(rows[0]);
  }
  const pick = (of: (example: Example) => ArrayLike<number>): Float32Array => {
    const values = new Float32Array(rows.length * K);
    for (const [m, { e, t }] of rows.entries()) {
      for (let k = 0; k < K; k++) values[m * K + k] = of(examples[e])[t * K + k];
    }
    return values;
  };
  const dims = [rows.length, K];
  const read = loss === undefined ? rowsInGroups(tokens) : Math.max(tokens, fewestTokens(parameters));
  const feeds: Record<string, Dense> = {
    ...sequenceFeeds(layout, model, read),
    ...parameters,
    ...feedsOf?.(rows),
    rows: integers(
      rows.map(({ e, t }) => layout.rows_B_T[e][t]),
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
    feeds.pull = scalar(loss.pull);
    for (const fn of TOKEN_LOSSES) feeds[fn] = flag(fn === loss.fn);
  }
  if (noiseOf !== undefined) {
    const noise = new Float32Array(read * config.hidden_size);
    for (const [e, rows_T] of layout.rows_B_T.entries()) {
      const ofExample = noiseOf(e);
      for (const [t, row] of rows_T.entries())
        noise.set(ofExample.subarray(t * config.hidden_size, (t + 1) * config.hidden_size), row * config.hidden_size);
    }
    feeds[EMBEDDING_NOISE] = floats(noise, [read, config.hidden_size]);
  }
  if (loss === undefined) feeds.groups = groupFeed(tokens);
  const outputs = await session.run(feeds);
  for (const [m, { e, t }] of rows.slice(0, wanted).entries()) {
    logprobs[e].set(outputs.logprobs.data.subarray(m * K, (m + 1) * K), t * K);
  }
  return { logprobs, outputs };
}

/** As many rows as products of few columns need, those of stacked adapters among them (`products.ts`, `lora.ts`). */
function fewestTokens(parameters: Record<string, Dense>): number {
  const ranks = Object.entries(parameters).map(([name, { dims }]) => (name.endsWith(factorA('')) ? dims[0] : 0));
  return Math.max(FEWEST_ROWS, MOST_STACKED * Math.max(...ranks, 0));
}

/**
 * The feeds that say what is read and where it stands: tokens, positions and the index of attention. Where there should be more
 * rows than there are tokens, another sequence is read, of which nobody wants anything.
 */
export function sequenceFeeds(
  layout: Layout,
  { base, rotary }: PassOptions['model'],
  rows: number,
): Record<string, Dense> {
  const missing = Array.from({ length: Math.max(0, rows - layout.tokens.length) }, (_, t) => t);
  const all: Layout =
    missing.length === 0
      ? layout
      : {
          ...layout,
          tokens: [...layout.tokens, ...missing.map(() => 0)],
          positions: [...layout.positions, ...missing],
          rows_B_T: [...layout.rows_B_T, missing.map((t) => layout.tokens.length + t)],
        };
  return {
    tokens: integers(all.tokens, [rows]),
    positions: integers(all.positions, [rows, 1]),
    ...rotary(Math.max(...all.rows_B_T.map(({ length }) => length))),
    ...attentionFeeds(all, base.config),
  };
}
