// The service client of the embedded engine, one a run: training clients, samplers, and checkpoints on disk.

import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isDirectory } from '../formats/files.ts';
import { type ModelConfig, parseModelConfig, readModelConfig } from '../formats/hf_config.ts';
import { locateModel } from '../hub/locate.ts';
import type {
  CapabilitiesOptions,
  CreateFullTrainingClientOptions,
  CreateLoraTrainingClientOptions,
  FullTrainingService,
  SamplingClient,
} from '../tinker/clients.ts';
import { type CheckpointKind, isCheckpointName, LOCAL_PREFIX, localCheckpoint } from '../tinker/local_path.ts';
import type { ModelInfo, ServerCapabilities } from '../tinker/types.ts';
import { tokenizerFiles } from '../tokenizers/files.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import { CheckpointError, RequestError } from '../util/errors.ts';
import { newAdamState } from './adamw.ts';
import { adapterKind, type LoraOptions } from './adapter_shape.ts';
import { refuseAdapterOptions, refusePrecision, requireAdapter, requireModel } from './admission.ts';
import { type BaseWeights, blankWeights, modelIdentity } from './base_weights.ts';
import {
  type CheckpointInfo,
  readCheckpointInfo,
  readOptimizer,
  readParameters,
  writeCheckpoint,
} from './checkpoint_files.ts';
import type { Parameterisation } from './decoder_graph.ts';
import type { Device } from './device.ts';
import type { Lane } from './fair_queue.ts';
import { openWeights } from './integer_weights.ts';
import { Lease } from './lease.ts';
import { type Model, openModel } from './model.ts';
import type { ModelReference, Models } from './models.ts';
import { newAdapter, newModel, noAdapter, type Parameters } from './parameters.ts';
import type { Precision } from './precision.ts';
import { LocalSamplingClient } from './sampling_client.ts';
import { LocalTrainingClient, type TrainingState } from './training_client.ts';

export interface SessionOptions {
  /** Where this run's checkpoints lie; `tinker://local/<kind>/<name>` is `<kind>/<name>` below it. */
  checkpoints: string;
  microbatchTokens: number;
  activationCheckpointing?: boolean;
  batchInvariant?: boolean;
  /** Of frozen matrices; float32 if absent. */
  precision?: Precision;
  /** What adapters are besides what the Tinker API says; plain if absent. */
  lora?: LoraOptions;
  /** NEFTune's alpha: noise on the embeddings of training passes. 0 = none. */
  neftuneAlpha?: number;
  seed: number;
  /** Told of what takes long. */
  notify?: (message: string) => void;
  /**
   * Of a session that is used from another process: resolves when that has heard what it was told so far, and has asked what it
   * asks because of that.
   */
  caughtUp?: () => Promise<void>;
}

/** What a session has of its engine. */
export interface EngineParts {
  threads: number;
  device: Device;
  models: Models;
  queue: { lane(): Lane };
  /** Told when the session is closed. */
  closed(): void;
}

/** A model as one client uses it, and where its tokenizer is. */
interface Loaded {
  lease: Lease;
  info: ModelInfo;
  tokenizerPath: string;
}

export class LocalServiceClient implements FullTrainingService {
  readonly #options: SessionOptions;
  readonly #engine: EngineParts;
  /** What is still open: training clients, and of sampling clients their leases only, so that a client which nobody keeps is collected. */
  readonly #open = new Set<{ close(): Promise<void> }>();
  #isClosed = false;

  constructor(options: SessionOptions, engine: EngineParts) {
    this.#options = options;
    this.#engine = engine;
  }

  async createLoraTrainingClient(options: CreateLoraTrainingClientOptions): Promise<LocalTrainingClient> {
    const { seed = this.#options.seed } = options;
    const kind = adapterKind(options, this.#options.lora);
    return await this.#client(await this.#base(options.base_model, options.rank), ({ base }) => {
      requireAdapter(kind, base.config);
      const parameters = newAdapter(base, kind, seed);
      return { parameters, optimizer: newAdamState(parameters.values) };
    });
  }

  async createFullTrainingClient(options: CreateFullTrainingClientOptions): Promise<LocalTrainingClient> {
    const { config: json, tokenizer_path, seed } = options;
    refuseAdapterOptions(this.#options.lora);
    const config = parseModelConfig(json, 'the model configuration');
    const { vocabSize } = await loadTokenizer(tokenizer_path);
    if (vocabSize > config.vocab_size) {
      throw new RequestError(
        `vocab_size of the model configuration is ${config.vocab_size}, and the tokenizer in ${tokenizer_path} has ${vocabSize} tokens`,
        { hint: `Set vocab_size to ${vocabSize} or more.` },
      );
    }
    return await this.#client(await this.#full(config, tokenizer_path), ({ base }) => {
      requireModel(base);
      const parameters = newModel(base, seed);
      return { parameters, optimizer: newAdamState(parameters.values) };
    });
  }

  async createTrainingClientFromState(path: string): Promise<LocalTrainingClient> {
    const directory = await this.#find(path);
    const info = await readCheckpointInfo(directory);
    return await this.#client(await this.#modelOf(directory, info, info.base_model), async ({ base }) => {
      if (info.parameterisation === 'full') requireModel(base);
      const parameters = await readParameters(directory, info, base, this.#options.lora);
      return { parameters, optimizer: newAdamState(parameters.values) };
    });
  }

  async createTrainingClientFromStateWithOptimizer(path: string): Promise<LocalTrainingClient> {
    const directory = await this.#find(path);
    const info = await readCheckpointInfo(directory);
    return await this.#client(await this.#modelOf(directory, info, info.base_model), async ({ base }) => {
      if (info.parameterisation === 'full') requireModel(base);
      const parameters = await readParameters(directory, info, base, this.#options.lora);
      return { parameters, optimizer: await readOptimizer(directory, info, parameters) };
    });
  }

  async createSamplingClient({
    base_model,
    model_path,
  }: {
    base_model?: string;
    model_path?: string;
  }): Promise<SamplingClient> {
    if (model_path !== undefined) {
      const directory = await this.#find(model_path);
      const info = await readCheckpointInfo(directory);
      const loaded = await this.#modelOf(directory, info, base_model ?? info.base_model);
      return this.#sampler(loaded, await this.#made(loaded, ({ base }) => readParameters(directory, info, base)));
    }
    if (base_model === undefined) throw new RequestError('a sampling client needs a base_model or a model_path');
    const loaded = await this.#base(base_model, null);
    return this.#sampler(loaded, noAdapter());
  }

  async getServerCapabilities({ models = [] }: CapabilitiesOptions = {}): Promise<ServerCapabilities> {
    const { notify } = this.#options;
    return {
      supported_models: await Promise.all(
        models.map(async (model_name) => {
          const { directory } = await locateModel(model_name, { parts: 'tokenizer', notify });
          const { max_position_embeddings } = await readModelConfig(directory);
          return { model_name, max_context_length: max_position_embeddings };
        }),
      ),
    };
  }

  async deleteCheckpoint(path: string): Promise<void> {
    if (localCheckpoint(path) === null) throw new RequestError(`${path}: only checkpoints of this run can be deleted`);
    await rm(this.#directoryOf(path), { recursive: true, force: true });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open].map((client) => client.close()));
    this.#engine.closed();
  }

  /** A base model, opened once for all who use it, and anew where its files have changed since. */
  async #base(name: string, rank: number | null): Promise<Loaded> {
    const { notify, precision = 'float32' } = this.#options;
    const location = await locateModel(name, { notify });
    const { directory } = location;
    const key = JSON.stringify(['lora', precision, directory, await modelIdentity(directory)]);
    const lease = await this.#lease(key, 'lora', () => openWeights(directory, { notify, precision }));
    const max_context_length = lease.model.base.config.max_position_embeddings;
    const info = { base_model: location.name, is_lora: true, lora_rank: rank, max_context_length };
    return { lease, info, tokenizerPath: directory };
  }

  async #full(config: ModelConfig, tokenizerPath: string): Promise<Loaded> {
    refusePrecision(this.#options.precision);
    const lease = await this.#lease(JSON.stringify(['full', config]), 'full', async () => blankWeights(config));
    const max_context_length = config.max_position_embeddings;
    return {
      lease,
      tokenizerPath,
      info: { base_model: tokenizerPath, is_lora: false, lora_rank: null, max_context_length },
    };
  }

  async #lease(key: string, parameterisation: Parameterisation, open: () => Promise<BaseWeights>): Promise<Lease> {
    const { threads, device, models } = this.#engine;
    const reference = await models.open(key, async () =>
      openModel({ base: await open(), parameterisation, threads, device }),
    );
    if (!this.#isClosed) return this.#leaseOf(reference);
    await reference.release();
    throw new RequestError('this service client is closed');
  }

  #leaseOf(reference: ModelReference): Lease {
    const lease = new Lease(reference, this.#engine.queue.lane(), () => this.#open.delete(lease));
    this.#open.add(lease);
    return lease;
  }

  /** What is made of a model for a client. The model is given back where that fails. */
  async #made<T>({ lease }: Loaded, make: (model: Model) => T | Promise<T>): Promise<T> {
    try {
      return await make(lease.model);
    } catch (error) {
      await lease.close();
      throw error;
    }
  }

  async #modelOf(directory: string, info: CheckpointInfo, baseModel: string | null): Promise<Loaded> {
    if (info.parameterisation === 'full') return await this.#full(await readModelConfig(directory), directory);
    if (baseModel === null)
      throw new CheckpointError(`${directory}: the adapter does not say which model it belongs to`);
    return await this.#base(baseModel, info.lora_rank);
  }

  async #client(
    loaded: Loaded,
    state: (model: Model) => TrainingState | Promise<TrainingState>,
  ): Promise<LocalTrainingClient> {
    const made = await this.#made(loaded, state);
    const { lease, info, tokenizerPath } = loaded;
    const save = async (
      kind: CheckpointKind,
      name: string,
      { parameters, optimizer }: { parameters: Parameters; optimizer: TrainingState['optimizer'] | null },
    ) => {
      if (!isCheckpointName(name)) {
        throw new RequestError(
          `checkpoint name "${name}" may only have letters, digits, ".", "_" and "-", and must not end in ".tmp"`,
        );
      }
      const path = `${LOCAL_PREFIX}${kind}/${name}`;
      const { config } = lease.model.base;
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
    const { microbatchTokens, activationCheckpointing = false, lora, neftuneAlpha = 0, seed } = this.#options;
    const client: LocalTrainingClient = new LocalTrainingClient(lease, info, made, {
      microbatchTokens,
      activationCheckpointing,
      loraPlusRatio: lora?.loraplus_lr_ratio ?? 1,
      neftune: { alpha: neftuneAlpha, seed },
      saveState: (name, saved) => save('weights', name, saved),
      saveWeights: (name, parameters) => save('sampler_weights', name, { parameters, optimizer: null }),
      samplingClient: (parameters) =>
        this.#sampler({ ...loaded, lease: this.#leaseOf(lease.modelAgain()) }, parameters),
      closed: () => this.#open.delete(client),
    });
    this.#open.add(client);
    return client;
  }

  #sampler({ lease, info, tokenizerPath }: Loaded, parameters: Parameters): SamplingClient {
    const { seed, microbatchTokens, precision, caughtUp } = this.#options;
    // Integers have no faster way for a single sequence.
    const batchInvariant = this.#options.batchInvariant === true || precision === 'int8';
    const host = { tokenizerPath, seed, microbatchTokens, batchInvariant, caughtUp };
    return new LocalSamplingClient(lease, info, parameters, host);
  }

  #directoryOf(path: string): string {
    const rest = (localCheckpoint(path) ?? '').split('/');
    if (rest.length !== 2 || !rest.every(isCheckpointName)) {
      throw new CheckpointError(`${path} is no path of a checkpoint; they look like ${LOCAL_PREFIX}weights/000020`);
    }
    return join(this.#options.checkpoints, ...rest);
  }

  /** A checkpoint path of this run, or the directory of a checkpoint. */
  async #find(path: string): Promise<string> {
    if (localCheckpoint(path) !== null) return this.#directoryOf(path);
    if (path.startsWith('tinker://'))
      throw new CheckpointError(`${path} lies on another service; this engine has only its own`);
    if (!(await isDirectory(path))) throw new CheckpointError(`${path}: no such directory`);
    return resolve(path);
  }
}
