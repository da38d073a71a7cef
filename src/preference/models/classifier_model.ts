// A text classifier that lies in a directory as transformers exports it to ONNX: its tokenizer, its labels and its graph.

import { join } from 'node:path';
import { Tokenizer as HfTokenizer } from '@huggingface/tokenizers';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { visibleText } from '../../completers/completers.ts';
import { isFile } from '../../formats/files.ts';
import { float16Values } from '../../formats/half.ts';
import { readJsonObject } from '../../tokenizers/model_files.ts';
import { ConfigurationError, messageOf, WeightsError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, numberOf, textOf as textIn } from '../../util/json.ts';
import { type PreferenceModel, scoringModel } from './preference_model.ts';
import { textOf } from './rules.ts';

export interface ClassifierOptions {
  model_path: string;
  label: string | null;
  input: 'reply' | 'conversation';
  max_length: number | null;
  threads: number;
}

/** @throws WeightsError, ConfigurationError that names the file or the field */
export async function classifierModel(options: ClassifierOptions): Promise<PreferenceModel> {
  const { model_path: directory, input } = options;
  const configFile = join(directory, 'config.json');
  const config = await requiredJson(configFile);
  const labels = labelsOf(config, configFile);
  const chosen = chosenLabel(options.label, labels);
  const read = await readerOf(directory, { asked: options.max_length, positions: positionsOf(config) });
  const { session, ort } = await openSession(directory, options.threads);
  const isMultiLabel = config.problem_type === 'multi_label_classification' || labels.length === 1;

  return scoringModel(async ({ prompt_conversation, completion }) => {
    const context = prompt_conversation.map((message) => `${message.role}: ${visibleText(message)}`).join('\n');
    const reply = textOf(completion);
    const { ids, types } = input === 'reply' ? read(reply, null) : read(context, reply);
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
    const { logits } = await session.run(feeds).catch((error: unknown) => {
      throw new WeightsError(`${directory}: the graph cannot be run on ${ids.length} tokens: ${messageOf(error)}`, {
        hint: 'If that is more than the classifier takes, set max_length.',
        cause: error,
      });
    });
    const values = valuesOf(logits);
    if (values.length !== labels.length)
      throw new WeightsError(
        `${directory}: the graph gives ${values.length} logits, and config.json names ${labels.length} labels`,
      );
    return isMultiLabel ? 1 / (1 + Math.exp(-values[chosen])) : softmaxAt(values, chosen);
  });
}

/** Without a Float16Array, which older versions of Node lack, the runtime gives the bits of a float16. */
function valuesOf({ type, data }: Tensor): number[] {
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
function positionsOf({ max_position_embeddings, model_type, pad_token_id }: JsonObject): number | null {
  const positions = numberOf(max_position_embeddings);
  const isShifted = SHIFTED.has(textIn(model_type) ?? '');
  return positions === null || !isShifted ? positions : positions - (numberOf(pad_token_id) ?? 1) - 1;
}

function softmaxAt(values: readonly number[], index: number): number {
  const highest = Math.max(...values);
  const exps = values.map((value) => Math.exp(value - highest));
  return exps[index] / exps.reduce((sum, value) => sum + value, 0);
}

async function requiredJson(file: string): Promise<JsonObject> {
  const json = await readJsonObject(file);
  if (json !== null) return json;
  throw new WeightsError(`${file}: no such file`, {
    hint: 'A classifier is a directory with config.json, tokenizer.json and onnx/model.onnx, as Optimum exports it.',
  });
}

/** In the order of the logits. */
function labelsOf({ id2label }: JsonObject, file: string): string[] {
  const names = isJsonObject(id2label) ? id2label : {};
  const labels = Object.keys(names).map((_, id) => textIn(names[String(id)]));
  if (labels.length > 0 && labels.every((label) => label !== null)) return labels.filter((label) => label !== null);
  throw new WeightsError(`${file}: id2label does not name the labels 0, 1, … of a classifier`);
}

function chosenLabel(label: string | null, labels: readonly string[]): number {
  const named = labels.map((name) => `"${name}"`).join(', ');
  if (label === null && labels.length > 1)
    throw new ConfigurationError(`label: the classifier has ${named}: say which of them a better reply has more of`);
  const index = label === null ? 0 : labels.indexOf(label);
  if (index === -1) throw new ConfigurationError(`label: the classifier has no "${label}", but ${named}`);
  return index;
}

type Reader = (text: string, pair: string | null) => { ids: number[]; types: number[] };

/** With the special tokens that the model was trained with, unlike what renderers read: theirs is every token. */
async function readerOf(
  directory: string,
  { asked, positions }: { asked: number | null; positions: number | null },
): Promise<Reader> {
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

const INPUTS = new Set(['input_ids', 'attention_mask', 'token_type_ids']);
/** Of numbers that come as numbers, or whose bits are read here. */
const LOGITS = new Set(['float32', 'float64', 'float16']);

const EXPORT_AGAIN = 'Export the classifier again as Optimum does, in float32.';

async function openSession(directory: string, threads: number) {
  const places = [join(directory, 'onnx', 'model.onnx'), join(directory, 'model.onnx')];
  const found: string[] = [];
  for (const place of places) if (await isFile(place)) found.push(place);
  const [file] = found;
  if (file === undefined) throw new WeightsError(`${places[0]}: no such file, and no ${places[1]}`);
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  const ort = await import('onnxruntime-node');
  let session: InferenceSession;
  try {
    session = await ort.InferenceSession.create(file, { intraOpNumThreads: threads, logSeverityLevel: 3 });
  } catch (error) {
    throw new WeightsError(`${file}: not a graph that can be run: ${messageOf(error)}`, { cause: error });
  }
  const unknown = session.inputNames.find((name) => !INPUTS.has(name));
  if (unknown !== undefined)
    throw new WeightsError(`${file}: the graph wants "${unknown}", which a text classifier does not`);
  if (!session.outputNames.includes('logits')) throw new WeightsError(`${file}: the graph gives no "logits"`);
  for (const { name, type } of session.inputMetadata.filter((input) => input.isTensor)) {
    if (type !== 'int64')
      throw new WeightsError(`${file}: the graph wants "${name}" as ${type}, not as int64`, { hint: EXPORT_AGAIN });
  }
  for (const { name, type } of session.outputMetadata.filter((output) => output.isTensor)) {
    if (name === 'logits' && !LOGITS.has(type))
      throw new WeightsError(`${file}: the graph gives "logits" as ${type}, which are no numbers to compare`, {
        hint: EXPORT_AGAIN,
      });
  }
  return { session, ort };
}
