// The training client over HTTP: numbered requests of one model, sent in their order.

import { RequestError } from '../../util/errors.ts';
import type {
  APIFuture,
  CustomLossFn,
  ForwardBackwardOptions,
  SamplingClient,
  SaveOptions,
  TrainingClient,
} from '../clients.ts';
import { forwardBackwardCustom } from '../custom_loss.ts';
import type {
  AdamParams,
  Datum,
  ForwardBackwardOutput,
  LossFnConfig,
  LossFnType,
  ModelInfo,
  OptimStepResponse,
  SaveWeightsResponse,
} from '../types.ts';
import type { ExactJsonObject } from '../wire/json.ts';
import { fieldOf, numberAt, objectAt, optional, recordAt, type Sent, textAt } from '../wire/json_fields.ts';
import { StatusError } from './errors.ts';
import { type Operation, promisedAnswer, resultOf } from './futures.ts';
import { checkPass, type Pass, passResult, sendPass } from './passes.ts';
import type { Session } from './session.ts';

export interface TrainingHost {
  session: Session;
  info: ModelInfo;
  /** A client on a sampler of this session. */
  samplingClient(samplingSessionId: string): SamplingClient;
  /** Told when the client is closed. */
  closed(): void;
}

export class HttpTrainingClient implements TrainingClient {
  readonly #modelId: string;
  readonly #host: TrainingHost;
  /** Of the last request that was sent. */
  #seqId = 0;
  /** Sending is done one request after another, so that they arrive in order. */
  #sending: Promise<unknown> = Promise.resolve();
  readonly #underWay = new Set<Promise<unknown>>();
  /** Why nothing more can be sent. */
  #broken: RequestError | null = null;

  constructor(modelId: string, host: TrainingHost) {
    this.#modelId = modelId;
    this.#host = host;
  }

  /** Services that do not know how to spare log-probs report all of them, whatever is asked for. */
  forward(
    data: Datum[],
    lossFn: LossFnType,
    config: LossFnConfig = {},
    { logprobs }: ForwardBackwardOptions = {},
  ): Promise<APIFuture<ForwardBackwardOutput>> {
    return this.#pass({ data, lossFn, config, forwardOnly: true, logprobs });
  }

  forwardBackward(
    data: Datum[],
    lossFn: LossFnType,
    config: LossFnConfig = {},
    { logprobs }: ForwardBackwardOptions = {},
  ): Promise<APIFuture<ForwardBackwardOutput>> {
    return this.#pass({ data, lossFn, config, forwardOnly: false, logprobs });
  }

  async forwardBackwardCustom(
    data: Datum[],
    lossFn: CustomLossFn,
    options?: { logprobs?: 'all' | 'trained' },
  ): Promise<APIFuture<ForwardBackwardOutput>> {
    const scoring: Pick<TrainingClient, 'forward' | 'forwardBackward'> = {
      forward: (scored, ...request) => this.forward(scored.map(asCrossEntropy), ...request),
      forwardBackward: (...request) => this.forwardBackward(...request),
    };
    return await forwardBackwardCustom(scoring, data, lossFn, options);
  }

  optimStep(params: AdamParams): Promise<APIFuture<OptimStepResponse>> {
    const { learning_rate, beta1, beta2, eps, weight_decay, grad_clip_norm } = params;
    return this.#command('optim_step', {
      body: { adam_params: { learning_rate, beta1, beta2, eps, weight_decay, grad_clip_norm } },
      operation: { type: 'OptimStep', read: optimStepAt },
    });
  }

  saveState(name: string, { ttl_seconds = null }: SaveOptions = {}): Promise<APIFuture<SaveWeightsResponse>> {
    return this.#command('save_weights', {
      body: { path: name, overwrite: true, ...(ttl_seconds !== null && { ttl_seconds }) },
      operation: { type: 'SaveWeights', read: savedAt },
    });
  }

  /** Of a model that nothing was asked of yet: services take no other. */
  loadState(path: string, { optimizer }: { optimizer: boolean }): Promise<APIFuture<void>> {
    const operation = { type: 'LoadWeights', read: () => undefined } as const;
    return this.#command('load_weights', { body: { path, optimizer }, operation });
  }

  saveWeightsForSampler(
    name: string,
    { ttl_seconds = null }: SaveOptions = {},
  ): Promise<APIFuture<SaveWeightsResponse>> {
    return this.#command('save_weights_for_sampler', {
      body: { path: name, kind: 'snapshot', ...(ttl_seconds !== null && { ttl_seconds }) },
      operation: { type: 'SaveWeightsForSampler', read: savedAt },
    });
  }

  /** As files that other tools read, for the service to hand out. */
  saveWeightsExternal(name: string, ttl_seconds: number): Promise<APIFuture<SaveWeightsResponse>> {
    return this.#command('save_weights_external', {
      body: { path: name, ttl_seconds },
      operation: { type: 'SaveWeightsExternal', read: savedAt },
    });
  }

  async saveWeightsAndGetSamplingClient(): Promise<SamplingClient> {
    const { session, samplingClient } = this.#host;
    const saved = await this.#command('save_weights_for_sampler', {
      body: { sampling_session_seq_id: session.nextSamplingSeqId(), kind: 'snapshot' },
      operation: {
        type: 'SaveWeightsForSampler',
        read: (value) => textAt(fieldOf(objectAt(value, 'the result'), 'sampling_session_id'), 'sampling_session_id'),
      },
    });
    return samplingClient(await saved.result());
  }

  getInfo(): Promise<ModelInfo> {
    return Promise.resolve(this.#host.info);
  }

  /** The service gives the model back when the session is finished. */
  async close(): Promise<void> {
    this.#broken ??= new RequestError('this training client is closed');
    await this.#sending;
    await Promise.allSettled(this.#underWay);
    this.#host.closed();
  }

  async #pass(pass: Pass): Promise<APIFuture<ForwardBackwardOutput>> {
    checkPass(pass);
    const { session } = this.#host;
    const promised = await this.#send(() => {
      const sent = () => void this.#seqId++;
      return sendPass(session, this.#modelId, pass, { firstSeqId: this.#seqId + 1, sent });
    });
    return this.#future(passResult(session, promised, pass));
  }

  async #command<T>(
    name: string,
    { body, operation }: { body: ExactJsonObject; operation: Operation<T> },
  ): Promise<APIFuture<T>> {
    const { transport } = this.#host.session;
    const promised = await this.#send(() => {
      this.#seqId++;
      return transport.request({
        path: `/api/v1/${name}`,
        json: { ...body, model_id: this.#modelId, seq_id: this.#seqId, type: name },
        read: promisedAnswer,
      });
    });
    return this.#future(resultOf(transport, promised, operation));
  }

  /** A request that the service refuses has used up its number; one of which nobody knows whether it arrived leaves a gap. */
  #send<T>(send: () => Promise<T>): Promise<T> {
    const sent = this.#sending.then(async () => {
      if (this.#broken !== null) throw this.#broken;
      const before = this.#seqId;
      try {
        return await send();
      } catch (error) {
        const isUnsent = this.#seqId === before;
        const isRefused = error instanceof StatusError && error.status < 500;
        if (!isUnsent && !isRefused) {
          this.#broken ??= new RequestError('an earlier request of this training client did not get through', {
            hint: 'Run the command again: a run goes on from its last checkpoint.',
            cause: error,
          });
        }
        throw error;
      }
    });
    this.#sending = sent.catch(() => undefined);
    return sent;
  }

  /** Asks for the result from now on, whoever waits for it. */
  #future<T>(result: Promise<T>): APIFuture<T> {
    const quiet = result.then(
      () => undefined,
      () => undefined,
    );
    this.#underWay.add(quiet);
    void quiet.then(() => this.#underWay.delete(quiet));
    return { result: () => result };
  }
}

/** Services check what a loss is given, and that it is all there. What a custom loss reads besides stays here. */
function asCrossEntropy(datum: Datum): Datum {
  const { target_tokens, weights } = datum.loss_fn_inputs;
  const data = new Float32Array(target_tokens.data.length).fill(1);
  const all = { data, dtype: 'float32' as const, shape: target_tokens.shape };
  return { ...datum, loss_fn_inputs: { target_tokens, weights: weights ?? all } };
}

function optimStepAt(value: Sent): OptimStepResponse {
  const metrics = optional(fieldOf(objectAt(value, 'the result'), 'metrics'), 'metrics', (object, place) =>
    recordAt(object, place, numberAt),
  );
  return metrics === undefined ? {} : { metrics };
}

function savedAt(value: Sent): SaveWeightsResponse {
  return { path: textAt(fieldOf(objectAt(value, 'the result'), 'path'), 'path') };
}
