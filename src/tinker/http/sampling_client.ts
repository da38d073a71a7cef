// The sampling client over HTTP: any number of requests, of which so many are under way at once.

import pLimit, { type LimitFunction } from 'p-limit';
import { unlessAborted } from '../../util/abort.ts';
import { RequestError } from '../../util/errors.ts';
import type { SampleOptions, SamplingClient, ScoreOptions } from '../clients.ts';
import { lengthOf, type ModelInfo, type ModelInput, type SampleResponse, type SamplingParams } from '../types.ts';
import { type ExactJsonObject, exactJsonText } from '../wire/json.ts';
import { modelInputJson } from '../wire/json_datums.ts';
import { sampleResponseAt } from '../wire/json_messages.ts';
import { decodeSampleResponse } from '../wire/sample.ts';
import type { Backpressure } from './backpressure.ts';
import { DamagedAnswerError, StatusError } from './errors.ts';
import { type Operation, type Promised, promisedAnswer, resultOf } from './futures.ts';
import { askedJson, requireAnswers } from './sample_options.ts';
import type { Session } from './session.ts';
import { type Call, noAnswer } from './transport.ts';

export interface SamplingHost {
  session: Session;
  backpressure: Backpressure;
  /** For requests without a seed of their own. */
  seed: number;
  /** Whether the service notes, while it samples, what `stable_reinforce` asks for. */
  record_stability_info: boolean;
  info(): Promise<ModelInfo>;
}

const SAMPLE: Operation<SampleResponse> = { type: 'Sample', read: sampleResponseAt, decode: decodeSampleResponse };
const CANCEL_TIMEOUT_MS = 10_000;
/** Of a request whose result the service has lost each time. */
const MOST_LOST = 5;

export class HttpSamplingClient implements SamplingClient {
  readonly #samplerId: string;
  readonly #host: SamplingHost;
  readonly #limit: LimitFunction;
  readonly #closing = new AbortController();
  #seqId = 0;
  #requests = 0;

  constructor(samplerId: string, host: SamplingHost) {
    this.#samplerId = samplerId;
    this.#host = host;
    this.#limit = pLimit(host.session.config.sample_max_concurrent_requests);
  }

  async sample(
    prompt: ModelInput,
    numSamples: number,
    params: SamplingParams,
    options: SampleOptions = {},
  ): Promise<SampleResponse> {
    const { signal } = options;
    // Counted before anything is awaited, so that the n-th request of a client always has the same seed.
    const seed = params.seed ?? this.#host.seed + this.#requests++;
    const { max_tokens, stop, temperature, top_k, top_p } = params;
    const sampling_params = {
      seed,
      ...(max_tokens !== undefined && { max_tokens }),
      ...(stop !== undefined && { stop }),
      ...(temperature !== undefined && { temperature }),
      ...(top_k !== undefined && { top_k }),
      ...(top_p !== undefined && { top_p }),
    };
    const body = { num_samples: numSamples, prompt: modelInputJson(prompt), sampling_params, ...askedJson(options) };
    const response = await this.#request(body, numSamples, signal);
    requireAnswers(response, options);
    const { prompt_logprobs } = response;
    if (prompt_logprobs === undefined) return response;
    return { ...response, prompt_logprobs: ofAllTokens(prompt_logprobs, lengthOf(prompt)) };
  }

  async computeLogprobs(input: ModelInput, { last_n, signal }: ScoreOptions = {}): Promise<(number | null)[]> {
    if (lengthOf(input) === 0) return [];
    const { prompt_logprobs } = await this.#request(
      {
        num_samples: 1,
        prompt: modelInputJson(input),
        sampling_params: { max_tokens: 1, seed: this.#host.seed },
        prompt_logprobs: true,
        topk_prompt_logprobs: 0,
        // A service that does not know it tells of all.
        ...(last_n !== undefined && last_n < lengthOf(input) - 1 && { prompt_logprobs_last_n: last_n }),
      },
      1,
      signal,
    );
    if (prompt_logprobs !== undefined) return ofAllTokens(prompt_logprobs, lengthOf(input));
    throw new DamagedAnswerError('the service was asked for log-probs of the prompt, and gave none', {
      hint: 'See that it supports prompt_logprobs.',
    });
  }

  getInfo(): Promise<ModelInfo> {
    return this.#host.info();
  }

  async close(): Promise<void> {
    this.#closing.abort(new RequestError('this sampling client is closed'));
  }

  async #request(body: ExactJsonObject, numSamples: number, asked: AbortSignal | undefined): Promise<SampleResponse> {
    const { session } = this.#host;
    const signals = [this.#closing.signal, session.closing.signal, ...(asked === undefined ? [] : [asked])];
    const signal = AbortSignal.any(signals);
    signal.throwIfAborted();
    const work = this.#limit(async () => {
      signal.throwIfAborted();
      for (let lost = 0; ; lost++) {
        const promised = await this.#submit(body, signal);
        try {
          return stamped(await resultOf(session.transport, promised, SAMPLE, signal), promised, numSamples);
        } catch (error) {
          if (signal.aborted) this.#cancel(promised);
          // The service has lost the result, or the request: it is another request from now on, with names of its own.
          const isLost = error instanceof StatusError && error.status === 410;
          if (!isLost || lost >= MOST_LOST) throw error;
        }
      }
    });
    return await unlessAborted(signal, work);
  }

  /** Sends a request until it is taken. Its number stays the same, so that it is sampled once. */
  async #submit(body: ExactJsonObject, signal: AbortSignal): Promise<Promised> {
    const { session, backpressure, record_stability_info } = this.#host;
    const { transport } = session;
    const json = {
      ...body,
      sampling_session_id: this.#samplerId,
      seq_id: this.#seqId++,
      record_stability_info,
      type: 'sample',
    };
    const call: Call<Promised> = {
      path: '/api/v1/asample',
      json,
      headers: { 'X-Tinker-Sampling-Backpressure': '1' },
      signal,
      read: promisedAnswer,
    };
    const patience = transport.patience();
    while (true) {
      try {
        return await backpressure.dispatch(() => transport.attempt(call), signal);
      } catch (error) {
        if (error instanceof StatusError && error.status === 429) backpressure.hold(exactJsonText(json).length);
        else await patience.again(error, signal);
      }
    }
  }

  /** Tells the service that nobody waits any more. */
  #cancel({ request_id }: Promised): void {
    const { transport, cancelAllowed } = this.#host.session;
    if (!cancelAllowed) return;
    transport
      .attempt({ path: '/api/v1/cancel_future', json: { request_id }, timeoutMs: CANCEL_TIMEOUT_MS, read: noAnswer })
      .catch(() => undefined);
  }
}

/** With null for the first token, of which nothing can be said: some services leave it out. */
function ofAllTokens(logprobs: (number | null)[], length: number): (number | null)[] {
  if (logprobs.length === length) return logprobs;
  if (logprobs.length === length - 1) return [null, ...logprobs];
  throw new DamagedAnswerError(`the service gave ${logprobs.length} log-probs of a prompt of ${length} tokens`);
}

/** The response with the names of its sequences, which the promise has told. */
function stamped(response: SampleResponse, { sample_sequence_ids: ids }: Promised, numSamples: number): SampleResponse {
  const { sequences } = response;
  if (sequences.length !== numSamples || (ids !== null && ids.length !== numSamples)) {
    throw new DamagedAnswerError(
      `the service was asked for ${numSamples} samples, promised ${ids?.length ?? numSamples} and gave ${sequences.length}`,
    );
  }
  if (ids === null) return response;
  return { ...response, sequences: sequences.map((sequence, i) => ({ ...sequence, sequence_id: ids[i] })) };
}
