// What there is to talk to: a run, of which the newest weights count, or a base model.

import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isFile } from '../formats/files.ts';
import { isHubName } from '../hub/hub_settings.ts';
import { locateModel } from '../hub/locate.ts';
import type { Registry } from '../registry/registry.ts';
import type { PlainRef } from '../registry/slot.ts';
import { recommendedRenderer } from '../renderers/recommended.ts';
import { type Renderer, rendererSlot } from '../renderers/types.ts';
import { listCheckpoints } from '../run_files/checkpoint_log.ts';
import { readRunRecord } from '../run_files/directory.ts';
import { revealSecrets } from '../spec/secrets.ts';
import type { SamplingClient, ServiceClient } from '../tinker/clients.ts';
import { serviceSlot } from '../tinker/service.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import { ConfigurationError } from '../util/errors.ts';

export interface ChatTarget {
  /** For the greeting: which weights answer. */
  description: string;
  client: SamplingClient;
  renderer: Renderer;
  close(): Promise<void>;
}

/** Everything that is needed to open a target, still as a plain value. */
interface Source {
  description: string;
  base_model: string;
  model_path?: string;
  /** The model, or the directory, that the tokenizer comes from. */
  tokenizer: string;
  renderer: PlainRef | null;
  service: PlainRef;
  checkpointsPath: string;
}

const LOCAL: PlainRef = { builder: 'local' };

/**
 * Opens a run directory, or a model by its directory, GGUF file or name on the hub. `notify` hears of what takes long.
 * Throws ConfigurationError for what is none of them.
 */
export async function openChatTarget(
  path: string,
  registry: Registry,
  notify: (message: string) => void = () => undefined,
): Promise<ChatTarget> {
  const source = (await isFile(join(path, 'run.json'))) ? await runSource(path) : await modelSource(path);
  const { checkpointsPath, service: ref, base_model, model_path, description } = source;
  const service = await registry.build(serviceSlot, revealSecrets(ref, process.env), {
    checkpointsPath,
    seed: 0,
    notify,
  });
  try {
    const client = await service.createSamplingClient(model_path === undefined ? { base_model } : { model_path });
    const { directory } = await locateModel(source.tokenizer, { parts: 'tokenizer', notify });
    const tokenizer = await loadTokenizer(directory);
    const renderer = source.renderer ?? recommendedRenderer({ modelName: base_model, tokenizer });
    const built = await registry.build(rendererSlot, renderer, { tokenizer });
    return { description, client, renderer: built, close: () => service.close() };
  } catch (error) {
    await closeQuietly(service);
    throw error;
  }
}

async function runSource(directory: string): Promise<Source> {
  const { spec, name } = await readRunRecord(directory);
  const newest = (await listCheckpoints(directory)).findLast(({ sampler_path }) => sampler_path !== undefined);
  if (newest?.sampler_path === undefined) {
    throw new ConfigurationError(`${directory}: this run has saved no weights yet`, {
      hint: 'Run it until its first checkpoint (save_every), or to its end.',
    });
  }
  const model = typeof spec.model_name === 'string' ? spec.model_name : null;
  return {
    description: `${name}, ${newest.final === true ? 'as it ended' : `after ${newest.batch} steps`}`,
    base_model: model ?? directory,
    model_path: newest.sampler_path,
    tokenizer: model ?? join(directory, 'tokenizer'),
    renderer: isBuilderRef(spec.renderer) ? spec.renderer : null,
    service: spec.service,
    checkpointsPath: join(resolve(directory), 'checkpoints'),
  };
}

async function modelSource(model: string): Promise<Source> {
  const isThere = await stat(model).catch(() => null);
  const isNeither = isThere?.isDirectory() === true && !(await isFile(join(model, 'config.json')));
  if (isNeither || (isThere === null && !isHubName(model))) {
    throw new ConfigurationError(`${model} is neither a run nor a model`, {
      hint: 'Name a run directory (it has a run.json), a model directory (it has a config.json), a GGUF file, or a model of the hub as ORG/NAME.',
    });
  }
  return {
    description: `the model ${model}`,
    base_model: model,
    tokenizer: model,
    renderer: null,
    service: LOCAL,
    checkpointsPath: model,
  };
}

function isBuilderRef(value: unknown): value is PlainRef {
  return typeof value === 'object' && value !== null && 'builder' in value;
}

async function closeQuietly(service: ServiceClient): Promise<void> {
  await service.close().catch(() => undefined);
}
