// The service client of the embedded engine: base models, training clients and samplers in this process, checkpoints on disk.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseModelConfig, readModelConfig } from '../formats/hf_config.ts';
import { locateModel } from '../hub/locate.ts';
import type {
  CreateFullTrainingClientOptions,
  CreateLoraTrainingClientOptions,
  SamplingClient,
  ServiceClient,
  TrainingClient,
} from '../tinker/clients.ts';
import { LOCAL_PREFIX, localCheckpoint } from '../tinker/local_path.ts';
import type { ModelInfo } from '../tinker/types.ts';
import { tokenizerFiles } from '../tokenizers/files.ts';
import { CheckpointError, RequestError } from '../util/errors.ts';
import { newAdamState } from './adamw.ts';
import { adapterKind, checkSize } from './adapter_shape.ts';
import { type BaseWeights, blankWeights, openBaseWeights } from './base_weights.ts';
import {
  type CheckpointInfo,
  readCheckpointInfo,
  readOptimizer,
  readParameters,
  writeCheckpoint,
} from './checkpoint_files.ts';
import type { Parameterisation } from './decoder_graph.ts';
import type { Device } from './device.ts';
import { CHECKPOINT_NAME, type CheckpointKind, findCheckpoint } from './find_checkpoint.ts';
import { type Model, openModel } from './model.ts';
import { newAdapter, newModel, noAdapter, type Parameters } from './parameters.ts';
import { LocalSamplingClient } from './sampling_client.ts';
import { LocalTrainingClient, type TrainingHost, type TrainingState } from './training_client.ts';

export interface LocalServiceOptions {
  /** Where this run's checkpoints lie; `tinker://local/<kind>/<name>` is `<kind>/<name>` below it. */
  checkpointsPath: string;
  threads: number;
  /** What computes; the CPU unless said otherwise. */
  device?: Device;
  microbatchTokens: number;
  activationCheckpointing?: boolean;
  seed: number;
  /** Told of what takes long. */
  notify?: (message: string) => void;
}

/** A model with the parameters of one client, and where its tokenizer is. */
interface Loaded {
  model: Model;
  info: ModelInfo;
  tokenizerPath: string;
}

export class LocalServiceClient implements ServiceClient {
  readonly #options: LocalServiceOptions;
  readonly #bases = new Map<string, Promise<Model>>();
  readonly #open = new Set<Model>();

  constructor(options: LocalServiceOptions) {
    this.#options = options;
  }

  async createLoraTrainingClient(options: CreateLoraTrainingClientOptions): Promise<TrainingClient> {
    const { seed = this.#options.seed } = options;
    const kind = adapterKind(options);
    const loaded = await this.#base(options.base_model, kind.rank);
    checkSize(kind, loaded.model.base.config);
    const parameters = newAdapter(loaded.model.base, kind, seed);
    return this.#trainer(loaded, { parameters, optimizer: newAdamState(parameters.values) });
  }

  async createFullTrainingClient(options: CreateFullTrainingClientOptions): Promise<TrainingClient> {
    const base = blankWeights(parseModelConfig(options.config, 'the model configuration'));
    const parameters = newModel(base, options.seed);
    const loaded = this.#full(base, options.tokenizer_path);
    return this.#trainer(loaded, { parameters, optimizer: newAdamState(parameters.values) });
  }

  async createTrainingClientFromState(path: string): Promise<TrainingClient> {
    const { loaded, parameters } = await this.#load(await this.#find(path, 'weights'));
    return this.#trainer(loaded, { parameters, optimizer: newAdamState(parameters.values) });
  }

  async createTrainingClientFromStateWithOptimizer(path: string): Promise<TrainingClient> {
    const directory = await this.#find(path, 'weights');
    const { loaded, parameters, info } = await this.#load(directory);
    return this.#trainer(loaded, { parameters, optimizer: await readOptimizer(directory, info, parameters) });
  }

  async createSamplingClient({
    base_model,
    model_path,
  }: {
    base_model?: string;
    model_path?: string;
  }): Promise<SamplingClient> {
    if (model_path !== undefined) {
      const { loaded, parameters } = await this.#load(await this.#find(model_path, 'sampler_weights'), base_model);
      return this.#sampler(loaded, parameters);
    }
    if (base_model === undefined) throw new RequestError('a sampling client needs a base_model or a model_path');
    const loaded = await this.#base(base_model, null);
    return this.#sampler(loaded, noAdapter());
  }

  async deleteCheckpoint(path: string): Promise<void> {
    if (localCheckpoint(path) === null) throw new RequestError(`${path}: only checkpoints of this run can be deleted`);
    await rm(this.#directoryOf(path), { recursive: true, force: true });
  }

  async close(): Promise<void> {
    for (const model of this.#open) await model.release();
    this.#open.clear();
    this.#bases.clear();
  }

  /** A base model, opened once for all who use it. */
  async #base(name: string, rank: number | null): Promise<Loaded> {
    const { notify } = this.#options;
    const location = await locateModel(name, { notify });
    const { directory } = location;
    const opening =
      this.#bases.get(directory) ??
      openBaseWeights(directory, { notify }).then((base) => this.#openModel(base, 'lora'));
    this.#bases.set(directory, opening);
    // A directory that was mended is looked at again.
    opening.catch(() => this.#bases.delete(directory));
    const model = await opening;
    const max_context_length = model.base.config.max_position_embeddings;
    const info = { base_model: location.name, is_lora: true, lora_rank: rank, max_context_length };
    return { model, info, tokenizerPath: directory };
  }

  #full(base: BaseWeights, tokenizerPath: string): Loaded {
    const model = this.#openModel(base, 'full');
    const max_context_length = base.config.max_position_embeddings;
    return {
      model,
      tokenizerPath,
      info: { base_model: tokenizerPath, is_lora: false, lora_rank: null, max_context_length },
    };
  }

  #openModel(base: BaseWeights, parameterisation: Parameterisation): Model {
    const { threads, device = 'cpu', activationCheckpointing = false } = this.#options;
    const model = openModel({ base, parameterisation, threads, device, checkpointing: activationCheckpointing });
    this.#open.add(model);
    return model;
  }

  async #load(
    directory: string,
    baseModel?: string,
  ): Promise<{ loaded: Loaded; parameters: Parameters; info: CheckpointInfo }> {
    const info = await readCheckpointInfo(directory);
    const loaded = await this.#modelOf(directory, info, baseModel ?? info.base_model);
    return { loaded, parameters: await readParameters(directory, info, loaded.model.base), info };
  }

  async #modelOf(directory: string, info: CheckpointInfo, baseModel: string | null): Promise<Loaded> {
    if (info.parameterisation === 'full') return this.#full(blankWeights(await readModelConfig(directory)), directory);
    if (baseModel === null)
      throw new CheckpointError(`${directory}: the adapter does not say which model it belongs to`);
    return await this.#base(baseModel, info.lora_rank);
  }

  #trainer({ model, info, tokenizerPath }: Loaded, state: TrainingState): TrainingClient {
    const save = async (
      kind: CheckpointKind,
      name: string,
      { parameters, optimizer }: { parameters: Parameters; optimizer: TrainingState['optimizer'] | null },
    ) => {
      if (!CHECKPOINT_NAME.test(name))
        throw new RequestError(`checkpoint name "${name}" may only have letters, digits, ".", "_" and "-"`);
      const path = `${LOCAL_PREFIX}${kind}/${name}`;
      const { config } = model.base;
      const base_model = info.is_lora ? info.base_model : null;
      const extraFiles = info.is_lora ? [] : await tokenizerFiles(tokenizerPath);
      await writeCheckpoint(this.#directoryOf(path), {
        parameters,
        config,
        base_model,
        optimizer,
        dtype: 'F16',
        extraFiles,
      });
      return path;
    };
    const host: TrainingHost = {
      microbatchTokens: this.#options.microbatchTokens,
      saveState: (name, saved) => save('weights', name, saved),
      saveWeights: (name, parameters) => save('sampler_weights', name, { parameters, optimizer: null }),
      samplingClient: (parameters) => this.#sampler({ model, info, tokenizerPath }, parameters),
    };
    return new LocalTrainingClient(model, info, state, host);
  }

  #sampler({ model, info, tokenizerPath }: Loaded, parameters: Parameters): SamplingClient {
    return new LocalSamplingClient(model, info, parameters, { tokenizerPath, seed: this.#options.seed });
  }

  #directoryOf(path: string): string {
    const rest = (localCheckpoint(path) ?? '').split('/');
    if (rest.length !== 2 || !rest.every((part) => CHECKPOINT_NAME.test(part)) || rest.includes('..')) {
      throw new CheckpointError(`${path} is no path of a checkpoint; they look like ${LOCAL_PREFIX}weights/000020`);
    }
    return join(this.#options.checkpointsPath, ...rest);
  }

  /** A checkpoint path of this run, a checkpoint directory, or a run directory (its newest checkpoint of the kind). */
  async #find(path: string, kind: CheckpointKind): Promise<string> {
    if (localCheckpoint(path) !== null) return this.#directoryOf(path);
    if (path.startsWith('tinker://'))
      throw new CheckpointError(`${path} lies on another service; this engine has only its own`);
    return await findCheckpoint(path, kind);
  }
}
