// Text models as transformers exports them to ONNX: the tokenizer and the graph of a directory, read alike for classifiers and for embeddings.

import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { Tokenizer as HfTokenizer } from '@huggingface/tokenizers';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { isFile } from '../formats/files.ts';
import { float16Values } from '../formats/half.ts';
import { readJsonObject } from '../tokenizers/model_files.ts';
import { messageOf, WeightsError } from '../util/errors.ts';
import { digestOfFile } from '../util/file_digest.ts';
import { type JsonObject, numberOf, textOf } from '../util/json.ts';

/** Without a Float16Array, which older versions of Node lack, the runtime gives the bits of a float16. */
export function valuesOf({ type, data }: Tensor): number[] {
  if (type !== 'float16' || !(data instanceof Uint16Array)) return Array.from(data, Number);
  const values = float16Values();
  return Array.from(data, (bits) => values[bits]);
}

/** Models whose positions begin behind that of padding. */
const SHIFTED = new Set([
  'roberta',
  'roberta-prelayernorm',
  'xlm-roberta',
  'xlm-roberta-xl',
  'camembert',
  'longformer',
  'mpnet',
]);

/** Longest sequence that has a position for each of its tokens; null where the configuration does not say. */
export function positionsOf({ max_position_embeddings, model_type, pad_token_id }: JsonObject): number | null {
  const positions = numberOf(max_position_embeddings);
  const isShifted = SHIFTED.has(textOf(model_type) ?? '');
  return positions === null || !isShifted ? positions : positions - (numberOf(pad_token_id) ?? 1) - 1;
}

const LAYOUT = {
  hint: 'A model of texts is a directory with config.json, tokenizer.json and onnx/model.onnx, as Optimum exports it.',
};

export async function requiredJson(file: string): Promise<JsonObject> {
  const json = await readJsonObject(file);
  if (json !== null) return json;
  throw new WeightsError(`${file}: no such file`, LAYOUT);
}

async function graphFile(directory: string): Promise<string> {
  const places = [join(directory, 'onnx', 'model.onnx'), join(directory, 'model.onnx')];
  for (const place of places) if (await isFile(place)) return place;
  throw new WeightsError(`${places[0]}: no such file, and no ${places[1]}`, LAYOUT);
}

/** Of all that decides what a model gives: the graph, weights that it keeps in files beside it, and how texts become tokens. */
export async function textModelDigests(directory: string): Promise<Record<string, string>> {
  const graph = await graphFile(directory);
  const beside = (await readdir(dirname(graph))).filter((name) => name.startsWith(basename(graph))).sort();
  const files = [
    ...beside.map((name) => join(dirname(graph), name)),
    ...['config.json', 'tokenizer.json', 'tokenizer_config.json'].map((name) => join(directory, name)),
  ];
  const digests: Record<string, string> = {};
  for (const file of files) if (await isFile(file)) digests[relative(directory, file)] = await digestOfFile(file);
  return digests;
}

/** The tokens of a text, or of two, cut to what the model takes. */
export type TextReader = (text: string, pair: string | null) => { ids: number[]; types: number[] };

/** With the special tokens that the model was trained with, unlike what renderers read: theirs is every token. */
export async function textReaderOf(
  directory: string,
  { asked, positions }: { asked: number | null; positions: number | null },
): Promise<TextReader> {
  const file = join(directory, 'tokenizer.json');
  const json = await requiredJson(file);
  const config = (await readJsonObject(join(directory, 'tokenizer_config.json'))) ?? {};
  let tokenizer: HfTokenizer;
  try {
    tokenizer = new HfTokenizer(json, config);
  } catch (error) {
    throw new WeightsError(`${file}: not a tokenizer that can be loaded: ${messageOf(error)}`, { cause: error });
  }
  const encoded = (text: string, pair: string | null) => {
    const { ids, token_type_ids } = tokenizer.encode(text, { text_pair: pair, return_token_type_ids: true });
    // Whatever its types say, a tokenizer that adds no marks gives none.
    const given: number[] | undefined = token_type_ids;
    return { ids, types: given ?? ids.map(() => 0) };
  };
  // A tokenizer without a bound of its own has a huge number here.
  const bounds = [positions, numberOf(config.model_max_length)].filter((bound) => bound !== null);
  const maxLength = asked ?? Math.min(Number.POSITIVE_INFINITY, ...bounds);
  return (text, pair) => {
    const whole = encoded(text, pair);
    const over = Math.max(0, whole.ids.length - maxLength);
    // The first and the last token are the model's own marks. Of a conversation the oldest goes, of a reply its end.
    const context = pair === null || over === 0 ? 0 : tokenizer.encode(text, { add_special_tokens: false }).ids.length;
    const oldest = Math.min(over, context);
    const end = Math.max(1, whole.ids.length - 1 - over);
    const cut = (values: readonly number[]) => values.toSpliced(1, oldest).toSpliced(end, over - oldest);
    return { ids: cut(whole.ids), types: cut(whole.types) };
  };
}

/** Runs on one text at a time. */
export interface TextGraph {
  run(text: { ids: number[]; types: number[] }): Promise<Tensor>;
}

const INPUTS = new Set(['input_ids', 'attention_mask', 'token_type_ids']);
/** Of numbers that come as numbers, or whose bits are read here. */
const NUMBERS = new Set(['float32', 'float64', 'float16']);

const EXPORT_AGAIN = 'Export the model again as Optimum does, in float32.';

export interface GraphOptions {
  /** Names of which the graph must give one; the first that it gives is read. */
  outputs: readonly string[];
  /** For people: what such a model is. */
  what: string;
  threads: number;
}

/** @throws WeightsError for a graph that cannot be run, or that wants or gives something else */
export async function openTextGraph(directory: string, { outputs, what, threads }: GraphOptions): Promise<TextGraph> {
  const file = await graphFile(directory);
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  const ort = await import('onnxruntime-node');
  let session: InferenceSession;
  try {
    session = await ort.InferenceSession.create(file, { intraOpNumThreads: threads, logSeverityLevel: 3 });
  } catch (error) {
    throw new WeightsError(`${file}: not a graph that can be run: ${messageOf(error)}`, { cause: error });
  }
  const unknown = session.inputNames.find((name) => !INPUTS.has(name));
  if (unknown !== undefined) throw new WeightsError(`${file}: the graph wants "${unknown}", which ${what} does not`);
  const output = outputs.find((name) => session.outputNames.includes(name));
  if (output === undefined)
    throw new WeightsError(`${file}: the graph gives no ${outputs.map((name) => `"${name}"`).join(' or ')}`);
  for (const { name, type } of session.inputMetadata.filter((input) => input.isTensor)) {
    if (type !== 'int64')
      throw new WeightsError(`${file}: the graph wants "${name}" as ${type}, not as int64`, { hint: EXPORT_AGAIN });
  }
  for (const { name, type } of session.outputMetadata.filter((output) => output.isTensor)) {
    if (name === output && !NUMBERS.has(type))
      throw new WeightsError(`${file}: the graph gives "${output}" as ${type}, which are no numbers to compare`, {
        hint: EXPORT_AGAIN,
      });
  }
  return {
    async run({ ids, types }) {
      const columns: Record<string, number[]> = {
        input_ids: ids,
        attention_mask: ids.map(() => 1),
        token_type_ids: types,
      };
      const feeds = Object.fromEntries(
        session.inputNames.map((name) => [
          name,
          new ort.Tensor('int64', BigInt64Array.from(columns[name], BigInt), [1, ids.length]),
        ]),
      );
      const results = await session.run(feeds).catch((error: unknown) => {
        throw new WeightsError(`${directory}: the graph cannot be run on ${ids.length} tokens: ${messageOf(error)}`, {
          hint: 'If that is more than the model takes, set max_length.',
          cause: error,
        });
      });
      return results[output];
    },
  };
}
