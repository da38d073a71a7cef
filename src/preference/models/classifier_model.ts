// A text classifier that lies in a directory as transformers exports it to ONNX: its tokenizer, its labels and its graph.

import { join } from 'node:path';
import { visibleText } from '../../completers/completers.ts';
import {
  openTextGraph,
  positionsOf,
  requiredJson,
  textModelDigests,
  textReaderOf,
  valuesOf,
} from '../../hub/onnx_text.ts';
import { ConfigurationError, WeightsError } from '../../util/errors.ts';
import { canonicalJson, isJsonObject, type JsonObject, textOf as textIn } from '../../util/json.ts';
import { type PreferenceModel, scoringModel } from './preference_model.ts';
import { textOf } from './rules.ts';

const GRAPH = { outputs: ['logits'], what: 'a text classifier' };

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
  const read = await textReaderOf(directory, { asked: options.max_length, positions: positionsOf(config) });
  const graph = await openTextGraph(directory, { ...GRAPH, threads: options.threads });
  const isMultiLabel = config.problem_type === 'multi_label_classification' || labels.length === 1;

  const model = scoringModel(async ({ prompt_conversation, completion }) => {
    const context = prompt_conversation.map((message) => `${message.role}: ${visibleText(message)}`).join('\n');
    const reply = textOf(completion);
    const logits = await graph.run(input === 'reply' ? read(reply, null) : read(context, reply));
    const values = valuesOf(logits);
    if (values.length !== labels.length)
      throw new WeightsError(
        `${directory}: the graph gives ${values.length} logits, and config.json names ${labels.length} labels`,
      );
    return isMultiLabel ? 1 / (1 + Math.exp(-values[chosen])) : softmaxAt(values, chosen);
  });
  return { ...model, identity: async () => canonicalJson(await textModelDigests(directory)) };
}

function softmaxAt(values: readonly number[], index: number): number {
  const highest = Math.max(...values);
  const exps = values.map((value) => Math.exp(value - highest));
  return exps[index] / exps.reduce((sum, value) => sum + value, 0);
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
