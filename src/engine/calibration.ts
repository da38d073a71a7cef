// How large the activations of a model are: what its features are evened out by before they are quantised.

import { join } from 'node:path';
import { isFile } from '../formats/files.ts';
import type { ModelConfig } from '../formats/hf_config.ts';
import { linearModules, UNEMBEDDING } from '../formats/modules.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import { nextUniform, randomFor } from '../util/random.ts';
import { causalAttention } from './attention.ts';
import { attentionIndex } from './attention_index.ts';
import type { BaseWeights } from './base_weights.ts';
import { CALIBRATION_TEXTS } from './calibration_text.ts';
import { decoder } from './decoder_graph.ts';
import { frozenLinears, groupFeed, rowsInGroups } from './frozen_linear.ts';
import { Graph, type Value } from './graph.ts';
import { layOut } from './layout.ts';
import { sequenceFeeds } from './pass.ts';
import { rotaryFeeds } from './rotary.ts';
import { createSession } from './session.ts';

/** Of a text, where a model has room for no more. */
const MOST_TOKENS = 512;

/**
 * The largest magnitude of every feature of what linear layers read, by its name, over the texts of `calibration_text.ts`. One thread, so
 * that it is the same on any machine of one kind.
 */
export async function activationsOf(base: BaseWeights, tokenizerPath: string): Promise<Map<string, Float32Array>> {
  const { config } = base;
  const layout = layOut((await sequencesFor(config, tokenizerPath)).map((tokens) => ({ tokens, context: 0 })));
  const count = layout.tokens.length;
  const session = await createSession(graphOf(base), { directory: base.directory, threads: 1 });
  try {
    const outputs = await session.run({
      ...sequenceFeeds(layout, { base, rotary: rotaryFeeds(config) }, rowsInGroups(count)),
      groups: groupFeed(count),
    });
    return new Map(Object.entries(outputs).map(([reads, { data }]) => [reads, data.slice()]));
  } finally {
    await session.release();
  }
}

/** Texts as the model reads them. One without a tokenizer is trained on tokens that others made, and reads tokens of any kind. */
async function sequencesFor(config: ModelConfig, tokenizerPath: string): Promise<number[][]> {
  const most = Math.min(MOST_TOKENS, config.max_position_embeddings);
  const hasTokenizer = await isFile(join(tokenizerPath, 'tokenizer.json'));
  const tokenizer = hasTokenizer ? await loadTokenizer(tokenizerPath) : null;
  const encode = tokenizer === null ? anyTokens(config.vocab_size) : (text: string) => tokenizer.encode(text);
  return CALIBRATION_TEXTS.map((text) =>
    encode(text)
      .filter((token) => token < config.vocab_size)
      .slice(0, most),
  ).filter(({ length }) => length > 0);
}

const anyTokens = (vocabularySize: number) => (text: string) => {
  const random = randomFor(0, text);
  return Array.from({ length: text.length }, () => Math.floor(nextUniform(random) * vocabularySize));
};

/** An output for every input of linear layers, (in). */
function graphOf(base: BaseWeights): Uint8Array {
  const g = new Graph();
  const told = new Set<string>();
  const tell = (reads: string, x: Value) => {
    if (told.has(reads)) return;
    told.add(reads);
    const largest = g.node('ReduceMax', [g.node('Abs', [x])], { attributes: { axes: [0], keepdims: 0 } });
    g.output(reads, largest);
  };
  const attend = causalAttention(
    g,
    base.config,
    attentionIndex((name, type) => g.input(name, type)),
  );
  const model = decoder(g, {
    base,
    parameterisation: 'lora',
    adapted: [],
    use: { trained: false, linears: frozenLinears(g, g.input('groups', 'int64')) },
    tokens: g.input('tokens', 'int64'),
    positions: g.input('positions', 'int64'),
    attend: (_layer, q, k, v) => attend(q, k, v),
    reads: tell,
  });
  const unembedding = linearModules(base.config).get(UNEMBEDDING);
  if (unembedding !== undefined) tell(unembedding.reads, model.hidden);
  return g.encode();
}
