// The service client over HTTP: what a run does with a server that speaks the Tinker API.

import { RequestError } from '../../util/errors.ts';
import type {
  CapabilitiesOptions,
  CreateLoraTrainingClientOptions,
  SamplingClient,
  ServiceClient,
  TrainingClient,
} from '../clients.ts';
import type { ModelInfo, ServerCapabilities } from '../types.ts';
import type { ExactJsonObject } from '../wire/json.ts';
import { fieldOf, integerAt, objectAt, optional, type Sent, textAt } from '../wire/json_fields.ts';
import { Backpressure } from './backpressure.ts';
import { checkpointRoute, requireServicePath } from './checkpoint_path.ts';
import { StatusError } from './errors.ts';
import { promisedAnswer, type RequestType, resultOf } from './futures.ts';
import { HttpSamplingClient } from './sampling_client.ts';
import { ServerModels, type ServerModelsOptions } from './server_models.ts';
import { Session } from './session.ts';
import { HttpTrainingClient } from './training_client.ts';
import { jsonAnswer, noAnswer, type Transport } from './transport.ts';

export interface HttpServiceOptions extends ServerModelsOptions {
  project_id: string | null;
  record_stability_info: boolean;
  /** Of new adapters, and of requests without a seed of their own. */
  seed: number;
}

/** What is under way when the client is closed gets so long to finish. */
const CLOSE_PATIENCE_MS = 10_000;
const ADAMW = { type: 'adamw' };

export class HttpServiceClient implements ServiceClient {
  readonly #transport: Transport;
  readonly #options: HttpServiceOptions;
  readonly #models: ServerModels;
  readonly #backpressure: Backpressure;
  readonly #open = new Set<TrainingClient>();
  #opening: Promise<Session> | null = null;
  #opened: Session | null = null;
  #isClosed = false;

  constructor(transport: Transport, options: HttpServiceOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#models = new ServerModels(transport, options);
    this.#backpressure = new Backpressure(transport.clock);
  }

  async getServerCapabilities({ models = [] }: CapabilitiesOptions = {}): Promise<ServerCapabilities> {
    return await this.#models.capabilities(models);
  }

  async createLoraTrainingClient({
    base_model: asked,
    rank,
    seed = this.#options.seed,
    train_mlp = true,
    train_attn = true,
    train_unembed = true,
    user_metadata,
  }: CreateLoraTrainingClientOptions): Promise<TrainingClient> {
    const base_model = await this.#models.nameOf(asked);
    return await this.#create('create_model', 'CreateModel', asked, {
      base_model,
      lora_config: { rank, seed, train_unembed, train_mlp, train_attn },
      optimizer_config: ADAMW,
      ...(user_metadata !== undefined && { user_metadata }),
    });
  }

  async createTrainingClientFromState(path: string): Promise<TrainingClient> {
    return await this.#load(path, { optimizer: false, optimizer_config: ADAMW });
  }

  async createTrainingClientFromStateWithOptimizer(path: string): Promise<TrainingClient> {
    return await this.#load(path, { optimizer: true });
  }

  async createSamplingClient({
    base_model: asked,
    model_path,
  }: {
    base_model?: string;
    model_path?: string;
  }): Promise<SamplingClient> {
    if (asked === undefined && model_path === undefined) {
      throw new RequestError('a sampling client needs a base_model or a model_path');
    }
    const model: ExactJsonObject =
      model_path === undefined
        ? { base_model: await this.#models.nameOf(asked ?? '') }
        : { model_path: requireServicePath(model_path) };
    const session = await this.#session();
    const samplerId = await this.#transport.request({
      path: '/api/v1/create_sampling_session',
      json: {
        session_id: session.id,
        sampling_session_seq_id: session.nextSamplingSeqId(),
        ...model,
        type: 'create_sampling_session',
      },
      read: jsonAnswer((value) =>
        textAt(fieldOf(objectAt(value, 'the sampler'), 'sampling_session_id'), 'sampling_session_id'),
      ),
    });
    return this.#sampler(session, samplerId, () =>
      this.#samplerInfo(samplerId, model_path === undefined ? asked : undefined),
    );
  }

  /** Has the weights of a saved state written as files that other tools read. Returns the path of what was saved. */
  async saveExternalWeights(path: string, name: string, ttl_seconds: number): Promise<string> {
    const client = await this.#load(path, { optimizer: false, optimizer_config: ADAMW });
    const saving = await client.saveWeightsExternal(name, ttl_seconds);
    return (await saving.result()).path;
  }

  async deleteCheckpoint(path: string): Promise<void> {
    try {
      await this.#transport.request({ method: 'DELETE', path: checkpointRoute(path), read: noAnswer });
    } catch (error) {
      if (!(error instanceof StatusError && (error.status === 404 || error.status === 410))) throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#opened !== null) {
      const given = new AbortController();
      const finished = Promise.all([...this.#open].map((client) => client.close()));
      const late = this.#transport.clock.sleep(CLOSE_PATIENCE_MS, given.signal).catch(() => undefined);
      await Promise.race([finished, late]);
      given.abort();
      await this.#opened.close();
    }
    this.#transport.close();
  }

  /** Opened by the first who needs it. */
  #session(): Promise<Session> {
    if (this.#isClosed) throw new RequestError('this service client is closed');
    if (this.#opening === null) {
      const { project_id } = this.#options;
      const opening = Session.open(this.#transport, { project_id, user_metadata: {} });
      this.#opening = opening;
      opening.then(
        (session) => {
          this.#opened = session;
        },
        () => {
          this.#opening = null;
        },
      );
    }
    return this.#opening;
  }

  async #load(
    path: string,
    options: { optimizer: boolean; optimizer_config?: ExactJsonObject },
  ): Promise<HttpTrainingClient> {
    try {
      return await this.#create('load_weights', 'LoadWeights', null, { path: requireServicePath(path), ...options });
    } catch (error) {
      // Older services load into a model that is there, and miss its name.
      if (error instanceof StatusError && error.status === 422) return await this.#loadInto(path, options);
      throw error;
    }
  }

  async #loadInto(path: string, { optimizer }: { optimizer: boolean }): Promise<HttpTrainingClient> {
    const { base_model, ...lora_config } = await this.#transport.request({
      path: '/api/v1/weights_info',
      json: { tinker_path: path },
      read: jsonAnswer(savedAdapterAt),
    });
    const client = await this.#create('create_model', 'CreateModel', null, { base_model, lora_config });
    await (await client.loadState(path, { optimizer })).result();
    return client;
  }

  /** A training client on a model that the service makes. `asked`: the caller's name of the base model. */
  async #create(
    name: 'create_model' | 'load_weights',
    type: RequestType,
    asked: string | null,
    body: ExactJsonObject,
  ): Promise<HttpTrainingClient> {
    const session = await this.#session();
    const { transport } = session;
    const model_seq_id = session.nextModelSeqId();
    const promised = await transport.request({
      path: `/api/v1/${name}`,
      json: { ...body, session_id: session.id, model_seq_id, type: name },
      read: promisedAnswer,
    });
    const told = await resultOf(transport, promised, { type, read: modelIdAt });
    const modelId = told ?? `${session.id}:train:${model_seq_id}`;
    const info = await this.#modelInfo(modelId, asked);
    const client: HttpTrainingClient = new HttpTrainingClient(modelId, {
      session,
      info,
      samplingClient: (samplerId) => this.#sampler(session, samplerId, () => Promise.resolve(info)),
      closed: () => this.#open.delete(client),
    });
    this.#open.add(client);
    return client;
  }

  #sampler(session: Session, samplerId: string, info: () => Promise<ModelInfo>): SamplingClient {
    const { seed, record_stability_info } = this.#options;
    return new HttpSamplingClient(samplerId, {
      session,
      backpressure: this.#backpressure,
      seed,
      record_stability_info,
      info,
    });
  }

  async #modelInfo(model_id: string, asked: string | null): Promise<ModelInfo> {
    const { name, is_lora, lora_rank } = await this.#transport.request({
      path: '/api/v1/get_info',
      json: { model_id, type: 'get_info' },
      read: jsonAnswer(modelDataAt),
    });
    const max_context_length = await this.#models.contextLengthOf(name);
    return { base_model: asked ?? name, is_lora, lora_rank, max_context_length };
  }

  async #samplerInfo(samplerId: string, asked: string | undefined): Promise<ModelInfo> {
    const name = await this.#transport.request({
      method: 'GET',
      path: `/api/v1/samplers/${encodeURIComponent(samplerId)}`,
      read: jsonAnswer((value) => textAt(fieldOf(objectAt(value, 'the sampler'), 'base_model'), 'base_model')),
    });
    const max_context_length = await this.#models.contextLengthOf(name);
    return { base_model: asked ?? name, is_lora: true, lora_rank: null, max_context_length };
  }
}

function savedAdapterAt(value: Sent): ExactJsonObject {
  const object = objectAt(value, 'the information');
  const flags = ['train_unembed', 'train_mlp', 'train_attn'].map((name) => [name, fieldOf(object, name) !== false]);
  return {
    base_model: textAt(fieldOf(object, 'base_model'), 'base_model'),
    rank: integerAt(fieldOf(object, 'lora_rank'), 'lora_rank'),
    ...Object.fromEntries(flags),
  };
}

function modelIdAt(value: Sent): string | undefined {
  return optional(fieldOf(objectAt(value, 'the result'), 'model_id'), 'model_id', textAt);
}

function modelDataAt(value: Sent): { name: string; is_lora: boolean; lora_rank: number | null } {
  const object = objectAt(value, 'the information');
  const data = objectAt(fieldOf(object, 'model_data') ?? {}, 'model_data');
  return {
    name: textAt(fieldOf(data, 'model_name') ?? fieldOf(object, 'model_name'), 'model_data.model_name'),
    is_lora: fieldOf(object, 'is_lora') !== false,
    lora_rank: optional(fieldOf(object, 'lora_rank'), 'lora_rank', integerAt) ?? null,
  };
}
