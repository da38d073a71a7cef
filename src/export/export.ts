// What a run has trained, as a directory that other tools load: an adapter for PEFT, or a whole model for transformers.

import { copyFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { readCheckpointInfo } from '../engine/checkpoint_files.ts';
import { type Adapter, readAdapter, writeAdapter } from '../formats/adapter.ts';
import { isFile, readJsonFile, replaceJsonFile } from '../formats/files.ts';
import { type ModelFiles, openModelFiles } from '../formats/model_files.ts';
import { parameterShapes, UNEMBEDDING } from '../formats/modules.ts';
import { type FloatDtype, writeSafetensors } from '../formats/safetensors.ts';
import { addSafetensors } from '../hub/converted_gguf.ts';
import { locateModel, type ModelLocation } from '../hub/locate.ts';
import { verifiedWeights } from '../run_files/verified_weights.ts';
import { tokenizerFiles } from '../tokenizers/files.ts';
import { CheckpointError, ConfigurationError } from '../util/errors.ts';
import { programName, quote } from '../util/program_name.ts';
import { refuseTakenPlace, takenPlace } from '../util/taken_place.ts';
import { makeWhole, tidyPartial } from '../util/whole_directory.ts';
import { mergedTensor } from './merge.ts';

type ExportFormat = 'peft' | 'merged';

type ExportDtype = 'float32' | 'float16' | 'bfloat16';

export interface ExportOptions {
  to: string;
  format: ExportFormat;
  /** final, best or the name of a checkpoint; null = the newest. */
  checkpoint: string | null;
  /** Of the weights of a whole model. */
  dtype: ExportDtype;
  notify?: (message: string) => void;
  /** Asks to stop, with nothing written. */
  signal?: AbortSignal;
}

export interface ExportResult {
  directory: string;
  format: ExportFormat;
  /** The checkpoint that was exported. */
  checkpoint: string;
  /** What the adapter is for; null for a whole model. */
  base_model: string | null;
}

const STORED: Record<ExportDtype, FloatDtype> = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' };

/**
 * Exports a run directory, or one of its checkpoints. The directory appears whole or not at all.
 * @throws ConfigurationError for a destination that is taken, CheckpointError where there is nothing to export, and the
 * reason of the signal
 */
export async function exportWeights(source: string, options: ExportOptions): Promise<ExportResult> {
  const { format } = options;
  const to = resolve(options.to);
  await refuseTakenPlace(to);
  const checkpoint = await checkpointOf(source, options.checkpoint);
  const { parameterisation, base_model } = await readCheckpointInfo(checkpoint);
  if (parameterisation === 'full' && format === 'peft') {
    throw new ConfigurationError(`${source} has trained all parameters of its model: there is no adapter`, {
      hint: 'Export it with --format merged.',
    });
  }
  let base: string | null = null;
  await tidyPartial(dirname(to), basename(to));
  const isOurs = await makeWhole(to, async (partial) => {
    const target = { ...options, to: partial };
    if (parameterisation === 'full') {
      await exportModel(await openModelFiles(checkpoint), null, target);
      await copyTokenizer(checkpoint, partial);
    } else {
      if (base_model === null) throw new CheckpointError(`${checkpoint} does not say which model it belongs to`);
      const { directory, name } = await locateModel(base_model, options.notify === undefined ? {} : options);
      if (format === 'peft') base = await nameForPeft({ directory, name });
      const model = await openModelFiles(directory);
      for (const remark of model.remarks) options.notify?.(remark);
      const adapter = await readAdapter(checkpoint, model.config);
      if (format === 'peft') await writeAdapter(partial, { ...adapter, base_model_name_or_path: base }, model.config);
      else await exportModel(model, adapter, target);
      await copyTokenizer(directory, partial);
    }
    options.signal?.throwIfAborted();
  });
  if (!isOurs) throw takenPlace(to);
  return { directory: to, format, checkpoint, base_model: base };
}

/** PEFT cannot open a GGUF file: it gets the directory that was made of it, with weights that it reads. */
async function nameForPeft({ directory, name }: ModelLocation): Promise<string> {
  if (!name.endsWith('.gguf')) return name;
  await addSafetensors(directory);
  return directory;
}

/** The directory of a run's checkpoint, or of one by itself. */
async function checkpointOf(source: string, name: string | null): Promise<string> {
  const ref = name === null ? source : { run: source, checkpoint: name };
  const { model_path, base_model } = await verifiedWeights(ref, { purpose: 'sample', unfinished: 'newest' });
  const path = model_path ?? base_model;
  if (path !== undefined && isAbsolute(path)) return path;
  if (model_path?.startsWith('tinker://') === true) {
    throw new ConfigurationError(`the weights of ${source} are at the service that trained them`, {
      hint: `Fetch them with "${programName()} checkpoints download ${quote(source)} --to ADAPTER", then export ADAPTER.`,
    });
  }
  throw new ConfigurationError(`${source} has no trained weights on this machine`, {
    hint: 'Name a run directory, or the directory of a checkpoint or an adapter.',
  });
}

/** An unembedding that has an adapter of its own is the embedding no longer: the model is written untied. */
async function exportModel(
  model: ModelFiles,
  adapter: Adapter | null,
  { to, dtype, signal }: ExportOptions,
): Promise<void> {
  const { directory } = model.weights;
  const tie_word_embeddings = model.config.tie_word_embeddings && adapter?.factors.has(UNEMBEDDING) !== true;
  const tensors = [...parameterShapes({ ...model.config, tie_word_embeddings })].map(([name, shape]) => ({
    name,
    shape,
    dtype: STORED[dtype],
    data: () => mergedTensor(model, adapter, name, signal),
  }));
  await writeSafetensors(join(to, 'model.safetensors'), tensors, { format: 'pt' }, signal);
  const { dtype: _, ...config } = await readJsonFile(join(directory, 'config.json'));
  await replaceJsonFile(join(to, 'config.json'), { ...config, tie_word_embeddings, torch_dtype: dtype });
  const generation = join(directory, 'generation_config.json');
  if (await isFile(generation)) await copyFile(generation, join(to, basename(generation)));
}

async function copyTokenizer(from: string, to: string): Promise<void> {
  for (const path of await tokenizerFiles(from)) await copyFile(path, join(to, basename(path)));
}
