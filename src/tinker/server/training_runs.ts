// Models in training: each has a service of its own on the engine, and does what is asked of it in the order of the requests' numbers.

import { RequestError } from '../../util/errors.ts';
import type {
  CreateLoraTrainingClientOptions,
  CustomLossFn,
  ForwardBackwardOptions,
  SamplingClient,
  ServiceClient,
  TrainingClient,
} from '../clients.ts';
import type { AdamParams, Datum, ForwardBackwardOutput, LossFnConfig, LossFnType, ModelInfo } from '../types.ts';
import { type Backend, type ServedModel, servedModel } from './backend.ts';
import { checkpointPath, KINDS, type ServedKind } from './checkpoint_paths.ts';
import type { Checkpoints } from './checkpoints.ts';
import { InflightWeights } from './inflight.ts';
import { endsOf, type Limits } from './limits.ts';
import { newPlace } from './places.ts';
import { Refusal, shuttingDown } from './refusal.ts';
import type { AdapterRecord } from './run_record.ts';
import { Sequence } from './sequence.ts';

/** A loss of the API, or one that the client has taught the server. */
export type PassLoss = { loss_fn: LossFnType; loss_fn_config: LossFnConfig } | { custom: CustomLossFn };

export interface PassRequest {
  data: Datum[];
  loss: PassLoss;
  forward_only: boolean;
  /** Which positions report log-probs; undefined: all. */
  logprobs: ForwardBackwardOptions['logprobs'];
}

export interface SaveRequest {
  kind: ServedKind;
  name: string;
  ttlSeconds: number | null;
  overwrite: boolean;
  user_metadata: Record<string, string>;
}

export class TrainingRun {
  readonly id: string;
  readonly model: ServedModel;
  readonly sequence: Sequence;
  /** What its inflight samplers sample from. */
  readonly inflight = new InflightWeights();
  /** Steps of its optimizer. */
  steps = 0;
  /** Whether it has given back its model, and is known by its name alone. */
  isUnloaded = false;
  readonly #service: ServiceClient;
  readonly #checkpoints: Checkpoints;
  /** Of the client that trains; another one once a state was loaded. */
  #client: Promise<TrainingClient>;

  constructor(
    id: string,
    model: ServedModel,
    parts: { service: ServiceClient; checkpoints: Checkpoints; client: Promise<TrainingClient>; gapMs: number },
  ) {
    this.id = id;
    this.model = model;
    this.sequence = new Sequence(parts.gapMs);
    this.#service = parts.service;
    this.#checkpoints = parts.checkpoints;
    this.#client = parts.client;
    // Whoever asks for the model is told that there is none.
    this.#client.catch(() => undefined);
  }

  async ready(): Promise<void> {
    await this.#client;
  }

  async info(): Promise<ModelInfo> {
    return await (await this.#client).getInfo();
  }

  async pass({ data, loss, forward_only, logprobs }: PassRequest): Promise<ForwardBackwardOutput> {
    const client = await this.#client;
    if ('custom' in loss) return await (await client.forwardBackwardCustom(data, loss.custom)).result();
    const { loss_fn, loss_fn_config } = loss;
    const submitted = forward_only
      ? await client.forward(data, loss_fn, loss_fn_config, { logprobs })
      : await client.forwardBackward(data, loss_fn, loss_fn_config, { logprobs });
    return await submitted.result();
  }

  async optimStep(params: AdamParams): Promise<Record<string, number>> {
    const { metrics = {} } = await (await (await this.#client).optimStep(params)).result();
    this.steps += 1;
    return metrics;
  }

  /** The path, once the checkpoint is on disk and known to be. */
  async save({ kind, name, ttlSeconds, overwrite, user_metadata }: SaveRequest): Promise<string> {
    const address = { run: this.id, kind, name };
    if (!overwrite && this.#checkpoints.has(address)) {
      throw new RequestError(`${checkpointPath(address)} exists`, {
        hint: 'Take another name, or ask to overwrite it.',
      });
    }
    const client = await this.#client;
    const { saved } = KINDS[kind];
    const place = newPlace(name);
    await (saved === 'weights' ? await client.saveState(place) : await client.saveWeightsForSampler(place)).result();
    return await this.#checkpoints.add(address, { directory: `${saved}/${place}`, ttlSeconds, user_metadata });
  }

  async snapshot(): Promise<SamplingClient> {
    return await (await this.#client).saveWeightsAndGetSamplingClient();
  }

  /** Goes on from a state; what was not saved is gone. */
  async load(directory: string, { withOptimizer }: { withOptimizer: boolean }): Promise<void> {
    const old = await this.#client;
    const loaded = await openState(this.#service, directory, withOptimizer);
    const [has, wants] = [await old.getInfo(), await loaded.getInfo()];
    if (has.base_model !== wants.base_model || has.lora_rank !== wants.lora_rank) {
      await loaded.close();
      throw new RequestError(
        `the checkpoint is of rank ${wants.lora_rank} for ${wants.base_model}, the model of rank ${has.lora_rank} for ${has.base_model}`,
        { hint: 'Create the model from the checkpoint instead.' },
      );
    }
    this.#client = Promise.resolve(loaded);
    await old.close();
  }

  /** Finishes the request that is computed, refuses those that wait, and gives back the model; samplers of it go on. */
  async unload(reason = new Refusal(400, `model ${this.id} is unloaded`)): Promise<void> {
    this.isUnloaded = true;
    await this.sequence.close(reason);
    await this.#client.then((client) => client.close()).catch(() => undefined);
  }

  async close(reason?: Refusal): Promise<void> {
    await this.unload(reason);
    await this.inflight.close();
    await this.#service.close();
  }
}

export interface LoraRequest extends Omit<CreateLoraTrainingClientOptions, 'base_model' | 'user_metadata'> {
  rank: number;
  train_attn: boolean;
  train_mlp: boolean;
  train_unembed: boolean;
}

export class TrainingRuns {
  readonly #backend: Backend;
  readonly #checkpoints: Checkpoints;
  readonly #limits: Pick<Limits, 'models' | 'gapMs' | 'silenceMs'>;
  readonly #runs = new Map<string, TrainingRun>();

  constructor(backend: Backend, checkpoints: Checkpoints, limits: Pick<Limits, 'models' | 'gapMs' | 'silenceMs'>) {
    this.#backend = backend;
    this.#checkpoints = checkpoints;
    this.#limits = limits;
  }

  all(): readonly TrainingRun[] {
    return [...this.#runs.values()];
  }

  /** Throws a Refusal for a model that is not there. */
  get(id: string): TrainingRun {
    const run = this.#runs.get(id);
    if (run !== undefined) return run;
    throw new Refusal(404, `there is no model ${id} in training`);
  }

  create(id: string, baseModel: string, lora: LoraRequest, user_metadata: Record<string, string>): TrainingRun {
    const model = servedModel(this.#backend, baseModel);
    const { rank, train_attn, train_mlp, train_unembed } = lora;
    const adapter = { base_model: model.name, lora_rank: rank, train_attn, train_mlp, train_unembed };
    return this.#begin(id, model, { adapter, user_metadata }, (service) =>
      service.createLoraTrainingClient({ base_model: model.source, ...lora }),
    );
  }

  createFrom(
    id: string,
    path: string,
    { withOptimizer, user_metadata }: { withOptimizer: boolean; user_metadata: Record<string, string> },
  ): TrainingRun {
    const { run, directory } = this.state(path);
    const model = servedModel(this.#backend, run.base_model);
    return this.#begin(id, model, { adapter: run, user_metadata }, async (service) => {
      try {
        return await openState(service, directory, withOptimizer);
      } catch (error) {
        // It may have been overwritten while it was read; what the path means now is as good.
        const { directory: now } = this.state(path);
        if (now === directory) throw error;
        return await openState(service, now, withOptimizer);
      }
    });
  }

  /** The checkpoint of a path, which must be one to train on from. */
  state(path: string) {
    const found = this.#checkpoints.find(path);
    if (found.checkpoint.kind === 'weights') return found;
    const what = found.checkpoint.kind === 'sampler_weights' ? 'saved for sampling' : 'exported';
    throw new Refusal(400, `${path} was ${what} and cannot be trained on from: load one of save_weights`);
  }

  async unload(id: string): Promise<void> {
    await this.#runs.get(id)?.unload();
  }

  /** Gives back all that a run has, its samplers included. Requests that wait are told the reason. */
  async end(id: string, reason?: Refusal): Promise<void> {
    const run = this.#runs.get(id);
    this.#runs.delete(id);
    await run?.close(reason);
    await this.#checkpoints.end(id);
  }

  /** When the server ends. */
  async close(): Promise<void> {
    await Promise.all([...this.#runs.keys()].map((id) => this.end(id, shuttingDown())));
  }

  #begin(
    id: string,
    model: ServedModel,
    about: { adapter: AdapterRecord; user_metadata: Record<string, string> },
    open: (service: ServiceClient) => Promise<TrainingClient>,
  ): TrainingRun {
    const inTraining = this.all().filter(({ isUnloaded }) => !isUnloaded).length;
    if (inTraining >= this.#limits.models) {
      throw new Refusal(
        429,
        `${inTraining} models are in training, which is all that this server takes: ${endsOf(this.#limits)}`,
      );
    }
    const service = this.#backend.session({ checkpoints: this.#checkpoints.directoryOf(id) });
    const { base_model, lora_rank, train_attn, train_mlp, train_unembed } = about.adapter;
    const run = new TrainingRun(id, model, {
      service,
      checkpoints: this.#checkpoints,
      client: open(service),
      gapMs: this.#limits.gapMs,
    });
    this.#runs.set(id, run);
    this.#checkpoints.begin({
      schema_version: 1,
      training_run_id: id,
      base_model,
      lora_rank,
      train_attn,
      train_mlp,
      train_unembed,
      last_request_time: new Date().toISOString(),
      user_metadata: about.user_metadata,
      checkpoints: [],
    });
    return run;
  }
}

function openState(service: ServiceClient, directory: string, withOptimizer: boolean): Promise<TrainingClient> {
  return withOptimizer
    ? service.createTrainingClientFromStateWithOptimizer(directory)
    : service.createTrainingClientFromState(directory);
}
