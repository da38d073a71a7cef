// The clients of an engine in another process: the same interfaces as those of one in this process, and the same bits.

import type {
  APIFuture,
  CapabilitiesOptions,
  CreateFullTrainingClientOptions,
  CreateLoraTrainingClientOptions,
  CustomLossFn,
  ForwardBackwardOptions,
  FullTrainingService,
  SampleOptions,
  SamplingClient,
  ScoreOptions,
  TrainingClient,
} from '../../tinker/clients.ts';
import { forwardBackwardCustom } from '../../tinker/custom_loss.ts';
import type {
  AdamParams,
  Datum,
  ForwardBackwardOutput,
  LossFnConfig,
  LossFnType,
  ModelInfo,
  ModelInput,
  OptimStepResponse,
  SampleResponse,
  SamplingParams,
  SaveWeightsResponse,
  ServerCapabilities,
} from '../../tinker/types.ts';
import type { Device } from '../device.ts';
import type { SessionOptions } from '../service.ts';
import { Connection } from './connection.ts';
import { isMadeClient, type Pass } from './protocol.ts';
import {
  isCapabilities,
  isForwardBackwardOutput,
  isLogprobs,
  isOptimStepResponse,
  isSampleResponse,
  isSaved,
  type LogprobsAsked,
} from './values.ts';

const isNothing = (value: unknown): value is null | undefined => value === null || value === undefined;

export interface AttachOptions extends Omit<SessionOptions, 'caughtUp'> {
  /** Where the engine listens. */
  socket: string;
  device: Device;
}

/** A session of an engine in another process. Throws EngineLostError where there is none. */
export async function attach({ socket, device, notify, ...session }: AttachOptions): Promise<AttachedService> {
  const connection = new Connection(socket, (message) => notify?.(message));
  try {
    await connection.ask({ op: 'open', device, session }, isNothing);
  } catch (error) {
    connection.close();
    throw error;
  }
  return new AttachedService(connection);
}

export class AttachedService implements FullTrainingService {
  /** Rejects when the engine has gone. */
  readonly lost: Promise<never>;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.lost = connection.lost;
  }

  async createLoraTrainingClient(options: CreateLoraTrainingClientOptions): Promise<TrainingClient> {
    return this.#trainer(await this.#connection.ask({ op: 'create_lora', options }, isMadeClient));
  }

  async createFullTrainingClient(options: CreateFullTrainingClientOptions): Promise<TrainingClient> {
    return this.#trainer(await this.#connection.ask({ op: 'create_full', options }, isMadeClient));
  }

  async createTrainingClientFromState(path: string): Promise<TrainingClient> {
    return this.#trainer(await this.#connection.ask({ op: 'from_state', path, optimizer: false }, isMadeClient));
  }

  async createTrainingClientFromStateWithOptimizer(path: string): Promise<TrainingClient> {
    return this.#trainer(await this.#connection.ask({ op: 'from_state', path, optimizer: true }, isMadeClient));
  }

  async createSamplingClient(options: { base_model?: string; model_path?: string }): Promise<SamplingClient> {
    const { client, info } = await this.#connection.ask({ op: 'create_sampler', ...options }, isMadeClient);
    return new AttachedSamplingClient(this.#connection, client, info);
  }

  async getServerCapabilities({ models = [] }: CapabilitiesOptions = {}): Promise<ServerCapabilities> {
    return await this.#connection.ask({ op: 'capabilities', models: [...models] }, isCapabilities);
  }

  async deleteCheckpoint(path: string): Promise<void> {
    await this.#connection.ask({ op: 'delete_checkpoint', path }, isNothing);
  }

  async close(): Promise<void> {
    // An engine that has gone has closed everything.
    await this.#connection.ask({ op: 'close', client: null }, isNothing).catch(() => undefined);
    this.#connection.close();
  }

  #trainer({ client, info }: { client: number; info: ModelInfo }): TrainingClient {
    return new AttachedTrainingClient(this.#connection, client, info);
  }
}

/** What clients of both kinds are: a number by which the engine knows them. */
abstract class AttachedClient {
  protected readonly connection: Connection;
  protected readonly client: number;
  readonly #info: ModelInfo;

  constructor(connection: Connection, client: number, info: ModelInfo) {
    this.connection = connection;
    this.client = client;
    this.#info = info;
  }

  getInfo(): Promise<ModelInfo> {
    return Promise.resolve(this.#info);
  }

  /** A client of a service that is closed, or of an engine that has gone, is closed. */
  async close(): Promise<void> {
    await this.connection.ask({ op: 'close', client: this.client }, isNothing).catch(() => undefined);
  }
}

class AttachedTrainingClient extends AttachedClient implements TrainingClient {
  forward(
    data: Datum[],
    lossFn: LossFnType,
    config?: LossFnConfig,
    options?: ForwardBackwardOptions,
  ): Promise<APIFuture<ForwardBackwardOutput>> {
    return this.#pass('forward', data, lossFn, config, options);
  }

  forwardBackward(
    data: Datum[],
    lossFn: LossFnType,
    config?: LossFnConfig,
    options?: ForwardBackwardOptions,
  ): Promise<APIFuture<ForwardBackwardOutput>> {
    return this.#pass('forward_backward', data, lossFn, config, options);
  }

  /** The loss is computed here, where its function is. */
  forwardBackwardCustom(
    data: Datum[],
    lossFn: CustomLossFn,
    options?: { logprobs?: 'all' | 'trained' },
  ): Promise<APIFuture<ForwardBackwardOutput>> {
    const calm: Pick<TrainingClient, 'forward' | 'forwardBackward'> = {
      forward: (...request) => this.forward(...request),
      forwardBackward: (...request) => this.#pass('forward_backward_calm', ...request),
    };
    return forwardBackwardCustom(calm, data, lossFn, options);
  }

  optimStep(params: AdamParams): Promise<APIFuture<OptimStepResponse>> {
    return this.connection.submit({ op: 'optim_step', client: this.client, params }, isOptimStepResponse);
  }

  saveState(name: string): Promise<APIFuture<SaveWeightsResponse>> {
    return this.connection.submit({ op: 'save_state', client: this.client, name }, isSaved);
  }

  saveWeightsForSampler(name: string): Promise<APIFuture<SaveWeightsResponse>> {
    return this.connection.submit({ op: 'save_weights', client: this.client, name }, isSaved);
  }

  async saveWeightsAndGetSamplingClient(): Promise<SamplingClient> {
    const { client, info } = await this.connection.ask({ op: 'snapshot', client: this.client }, isMadeClient);
    return new AttachedSamplingClient(this.connection, client, info);
  }

  #pass(
    op: Pass['op'],
    data: Datum[],
    loss_fn: LossFnType,
    config?: LossFnConfig,
    { logprobs = 'all' }: ForwardBackwardOptions = {},
  ): Promise<APIFuture<ForwardBackwardOutput>> {
    const asked: LogprobsAsked = typeof logprobs === 'string' ? logprobs : logprobs.map(bitsOf);
    const request = { op, client: this.client, data, loss_fn, config, logprobs: asked };
    return this.connection.submit(request, isForwardBackwardOutput);
  }
}

/** Whatever is like an array, as bytes that can be sent. */
function bitsOf(mask: ArrayLike<number>): Uint8Array {
  return Uint8Array.from({ length: mask.length }, (_, i) => (mask[i] === 0 ? 0 : 1));
}

class AttachedSamplingClient extends AttachedClient implements SamplingClient {
  sample(
    prompt: ModelInput,
    num_samples: number,
    params: SamplingParams,
    { signal, onToken, ...asked }: SampleOptions = {},
  ): Promise<SampleResponse> {
    const tells = onToken !== undefined;
    const request = { op: 'sample', client: this.client, prompt, num_samples, params, asked, tells } as const;
    return this.connection.ask(request, isSampleResponse, { signal, onToken });
  }

  computeLogprobs(input: ModelInput, { last_n, signal }: ScoreOptions = {}): Promise<(number | null)[]> {
    const request = {
      op: 'compute_logprobs',
      client: this.client,
      input,
      ...(last_n !== undefined && { last_n }),
    } as const;
    return this.connection.ask(request, isLogprobs, { signal });
  }
}
