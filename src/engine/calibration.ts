// How large the activations of a model are: what its features are evened out by before they are quantised.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isFile } from '../formats/files.ts';
import type { ModelConfig } from '../formats/hf_config.ts';
import { EMBEDDING, linearModules, UNEMBEDDING } from '../formats/modules.ts';
import type { TensorSource } from '../formats/tensors.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import { readText } from '../tokenizers/model_files.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { CookbookError, WeightsError } from '../util/errors.ts';
import { nextUniform, randomFor } from '../util/random.ts';
import { causalAttention } from './attention.ts';
import { attentionIndex } from './attention_index.ts';
import { type BaseWeights, blankWeights } from './base_weights.ts';
import { CALIBRATION_TEXTS } from './calibration_text.ts';
import { decoder } from './decoder_graph.ts';
import { frozenLinears, groupFeed, rowsInGroups } from './frozen_linear.ts';
import { Graph, type Value } from './graph.ts';
import { layOut } from './layout.ts';
import { sequenceFeeds } from './pass.ts';
import { rotaryFeeds } from './rotary.ts';
import { createSession, type Dense, floats, integers } from './session.ts';

/** Of a text, where a model has room for no more. */
const MOST_TOKENS = 512;
/** Outputs of the graph beside those of inputs of linear layers. */
const GIVES = 'gives';
const HIDDEN = 'hidden';

export interface Calibrated {
  config: ModelConfig;
  weights: TensorSource;
  /** Of the model, with its tokenizer if it has one. */
  directory: string;
}

/** Of a model directory. */
const TOKENIZER_FILE = 'tokenizer.json';

/** Tells what `activationsOf` gives from what it gives for the same weights under another configuration, or of another text. */
export async function calibrationDigest({ config, directory }: Omit<Calibrated, 'weights'>): Promise<string> {
  const tokenizer = await readText(join(directory, TOKENIZER_FILE));
  const others = JSON.stringify([config, tokenizer === null, CALIBRATION_TEXTS]);
  return createHash('sha256')
    .update(others)
    .update(tokenizer ?? '')
    .digest('hex');
}

/**
 * The largest magnitude of every feature of what linear layers read, by its name, over the texts of `calibration_text.ts`. One thread, so
 * that it is the same on any machine of one kind; one layer at a time, so that it takes neither a copy of the model in float32 nor the memory
 * for one.
 * @throws WeightsError where activations are not finite
 */
export async function activationsOf({ config, weights, directory }: Calibrated): Promise<Map<string, Float32Array>> {
  const layout = layOut((await sequencesFor(config, directory)).map((tokens) => ({ tokens, context: 0 })));
  const rows = rowsInGroups(layout.tokens.length);
  const base = blankWeights({ ...config, num_hidden_layers: 1, vocab_size: rows });
  const { tokens, ...places } = sequenceFeeds(layout, { base, rotary: rotaryFeeds(config) }, rows);
  // What a layer reads is looked up as if it were the embedding: row n for token n.
  const feeds = {
    ...places,
    tokens: integers([...Array(rows).keys()], [rows]),
    groups: groupFeed(layout.tokens.length),
  };
  let x = await embedded(weights, tokens, config.hidden_size);
  const largest = new Map<string, Float32Array>();
  const session = await createSession(graphOf(base), { directory: '', threads: 1 });
  try {
    for (let layer = 0; layer < config.num_hidden_layers; layer++) {
      const outputs = await session.run({ ...feeds, ...(await weightsOf(layer, base, weights)), [EMBEDDING]: x });
      for (const [name, { data, dims }] of Object.entries(outputs)) {
        checkActivations(
          data,
          name === GIVES || name === HIDDEN ? `model.layers.${layer}` : inLayer(layer, name),
          directory,
        );
        if (name === GIVES) x = floats(data.slice(), dims);
        else if (name !== HIDDEN) largest.set(inLayer(layer, name), data.slice());
        // The vocabulary is projected from what the last one gives.
        else if (layer + 1 === config.num_hidden_layers) tellUnembedding(config, largest, data.slice());
      }
    }
    return largest;
  } finally {
    await session.release();
  }
}

/** Names of the first layer as those of another. */
const inLayer = (layer: number, name: string): string => name.replace(/^model\.layers\.0\./, `model.layers.${layer}.`);

/** Throws WeightsError for what would be kept as integers without a meaning. A maximum may pass over NaN: what a layer gives is looked at, too. */
function checkActivations(values: Float32Array, where: string, directory: string): void {
  if (values.every((value) => Number.isFinite(value))) return;
  throw new WeightsError(
    `${directory}: activations of "${where}" are NaN or infinite, of the text that int8 is calibrated by`,
    {
      hint: 'The file is damaged, or the training that made it diverged: get it again, or take an earlier checkpoint.',
    },
  );
}

function tellUnembedding(config: ModelConfig, largest: Map<string, Float32Array>, ofHidden: Float32Array): void {
  const unembedding = linearModules(config).get(UNEMBEDDING);
  if (unembedding !== undefined) largest.set(unembedding.reads, ofHidden);
}

/** Rows of the embedding, (N, D). */
async function embedded(weights: TensorSource, tokens: Dense, width: number): Promise<Dense> {
  const E = await weights.read(EMBEDDING);
  const x = new Float32Array(tokens.data.length * width);
  for (const [n, token] of tokens.data.entries()) {
    const start = Number(token) * width;
    x.set(E.subarray(start, start + width), n * width);
  }
  return floats(x, [tokens.data.length, width]);
}

/** What the graph of one layer takes of a model's weights. */
async function weightsOf(
  layer: number,
  { shapes }: BaseWeights,
  weights: TensorSource,
): Promise<Record<string, Dense>> {
  const feeds: Record<string, Dense> = {};
  for (const [name, shape] of shapes) {
    if (name !== EMBEDDING && !name.startsWith(UNEMBEDDING))
      feeds[name] = floats(await weights.read(inLayer(layer, name)), shape);
  }
  return feeds;
}

/** Texts as the model reads them. One without a tokenizer, or whose tokenizer can write none of them, reads tokens of any kind. */
async function sequencesFor(config: ModelConfig, directory: string): Promise<number[][]> {
  const most = Math.min(MOST_TOKENS, config.max_position_embeddings);
  const hasTokenizer = await isFile(join(directory, TOKENIZER_FILE));
  const tokenizer = hasTokenizer ? await loadTokenizer(directory) : null;
  const sequencesBy = (encode: (text: string) => number[]) =>
    CALIBRATION_TEXTS.map((text) =>
      encode(text)
        .filter((token) => token < config.vocab_size)
        .slice(0, most),
    ).filter(({ length }) => length > 0);
  const written = tokenizer === null ? [] : sequencesBy((text) => tokensIfAny(tokenizer, text));
  return written.length > 0 ? written : sequencesBy(anyTokens(config.vocab_size));
}

/** None where the tokenizer has no tokens for the text, as one of digits alone. */
function tokensIfAny(tokenizer: Tokenizer, text: string): number[] {
  try {
    return tokenizer.encode(text);
  } catch (error) {
    if (error instanceof CookbookError) return [];
    throw error;
  }
}

const anyTokens = (vocabularySize: number) => (text: string) => {
  const random = randomFor(0, text);
  return Array.from({ length: text.length }, () => Math.floor(nextUniform(random) * vocabularySize));
};

/**
 * One layer, its weights as inputs: an output for every input of its linear layers, (in), the same of what it gives once that is normalised,
 * and what it gives, (N, D).
 */
function graphOf(base: BaseWeights): Uint8Array {
  const g = new Graph();
  const told = new Set<string>();
  const tell = (name: string, x: Value) => {
    if (told.has(name)) return;
    told.add(name);
    const largest = g.node('ReduceMax', [g.node('Abs', [x])], { attributes: { axes: [0], keepdims: 0 } });
    g.output(name, largest);
  };
  const attend = causalAttention(
    g,
    base.config,
    attentionIndex((name, type) => g.input(name, type)),
  );
  const model = decoder(g, {
    base,
    parameterisation: 'full',
    adapted: [],
    use: { trained: false, linears: frozenLinears(g, g.input('groups', 'int64'), null) },
    tokens: g.input('tokens', 'int64'),
    positions: g.input('positions', 'int64'),
    attend: (_layer, q, k, v) => attend(q, k, v),
    reads: tell,
    gives: (x) => g.output(GIVES, x),
  });
  tell(HIDDEN, model.hidden);
  return g.encode();
}
