// The sampling client of the embedded engine: a snapshot of parameters, a sampler over them, and log-probs of given text.

import type { SampleOptions, SamplingClient } from '../tinker/clients.ts';
import type { ModelInfo, ModelInput, SampledSequence, SampleResponse, SamplingParams } from '../tinker/types.ts';
import { lengthOf, tokensOf } from '../tinker/types.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { RequestError } from '../util/errors.ts';
import { parseDatum } from './examples.ts';
import { configureLoss } from './losses.ts';
import type { Model } from './model.ts';
import type { Parameters } from './parameters.ts';
import { runPass } from './pass.ts';
import { MAX_BATCH, Sampler } from './sampler.ts';
import { stopCheck } from './stopping.ts';

export interface SamplingHost {
  /** Directory of the tokenizer, which is read only when a stop string asks for it. */
  tokenizerPath: string;
  /** For requests without a seed of their own. */
  seed: number;
}

export class LocalSamplingClient implements SamplingClient {
  readonly #model: Model;
  readonly #info: ModelInfo;
  readonly #parameters: Parameters;
  readonly #host: SamplingHost;
  readonly #sampler: Sampler;
  #tokenizer: Tokenizer | null = null;
  #requests = 0;

  constructor(model: Model, info: ModelInfo, parameters: Parameters, host: SamplingHost) {
    this.#model = model;
    this.#info = info;
    this.#parameters = parameters;
    this.#host = host;
    this.#sampler = new Sampler(model, parameters);
  }

  async sample(
    input: ModelInput,
    numSamples: number,
    params: SamplingParams,
    { include_prompt_logprobs = false, topk_prompt_logprobs = 0 }: SampleOptions = {},
  ): Promise<SampleResponse> {
    const prompt = tokensOf(input);
    const room = this.#info.max_context_length - prompt.length;
    checkParams(params, numSamples, room);
    if (topk_prompt_logprobs > 0) throw new RequestError('this engine does not give topk_prompt_logprobs yet');
    // Counted before anything is awaited, so that the n-th request of a client always has the same seed.
    const seed = params.seed ?? this.#host.seed + this.#requests++;
    this.#check(input);
    await this.#prepareStopStrings(params);
    const maxTokens = Math.min(params.max_tokens ?? room, room);
    const stops = stopCheck(params.stop, this.#model.base.config.eos_token_id, maxTokens, () => this.#decoder());
    const parts: Promise<SampledSequence[]>[] = [];
    for (let firstMember = 0; firstMember < numSamples; firstMember += MAX_BATCH) {
      const part = Math.min(MAX_BATCH, numSamples - firstMember);
      parts.push(this.#sampler.sample({ prompt, numSamples: part, firstMember, params, stops, seed }));
    }
    const sequences = (await Promise.all(parts)).flat();
    return include_prompt_logprobs ? { sequences, prompt_logprobs: await this.computeLogprobs(input) } : { sequences };
  }

  async computeLogprobs(input: ModelInput): Promise<(number | null)[]> {
    const tokens = tokensOf(input);
    if (tokens.length < 2) return tokens.map(() => null);
    const example = this.#check({ chunks: [{ type: 'encoded_text', tokens: tokens.slice(0, -1) }] }, tokens.slice(1));
    const session = await this.#model.scoring(this.#parameters.adapted);
    const options = { model: this.#model, trainedOnly: false };
    const { logprobs } = await runPass(session, [example], this.#parameters, options);
    return [null, ...logprobs[0]];
  }

  getInfo(): Promise<ModelInfo> {
    return Promise.resolve(this.#info);
  }

  /** The input as an example that scores `targets`; checks that every token is one of the model's. */
  #check(model_input: ModelInput, targets: number[] = new Array<number>(lengthOf(model_input)).fill(0)) {
    const target_tokens = { data: targets, dtype: 'int64' as const, shape: [targets.length] };
    const limits = { vocab_size: this.#model.base.config.vocab_size, ...this.#info };
    return parseDatum({ model_input, loss_fn_inputs: { target_tokens } }, 0, configureLoss('cross_entropy'), limits);
  }

  async #prepareStopStrings({ stop }: SamplingParams): Promise<void> {
    const hasStrings = typeof stop === 'string' || stop?.some((entry) => typeof entry === 'string');
    if (hasStrings && this.#tokenizer === null) this.#tokenizer = await loadTokenizer(this.#host.tokenizerPath);
  }

  #decoder(): Tokenizer {
    if (this.#tokenizer === null) throw new Error('the tokenizer is loaded before a stop string is looked for');
    return this.#tokenizer;
  }
}

function checkParams(
  { temperature = 1, top_p = 1, top_k = -1, max_tokens }: SamplingParams,
  numSamples: number,
  room: number,
) {
  const expect = (holds: boolean, message: string) => {
    if (!holds) throw new RequestError(message);
  };
  expect(Number.isInteger(numSamples) && numSamples >= 1, `num_samples must be a whole number ≥ 1, not ${numSamples}`);
  expect(
    temperature >= 0 && Number.isFinite(temperature),
    `temperature must be a finite number ≥ 0, not ${temperature}`,
  );
  expect(top_p > 0 && top_p <= 1, `top_p must be above 0 and at most 1, not ${top_p}`);
  expect(Number.isInteger(top_k), `top_k must be a whole number, not ${top_k}`);
  expect(
    max_tokens === undefined || (Number.isInteger(max_tokens) && max_tokens >= 1),
    `max_tokens must be a whole number ≥ 1, not ${max_tokens}`,
  );
  expect(room >= 1, 'the prompt fills the whole context of the model: there is no room to sample');
}
