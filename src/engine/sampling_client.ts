// The sampling client of the embedded engine: a snapshot of parameters, a sampler over them, and log-probs of given text.

import type { SampleOptions, SamplingClient, ScoreOptions } from '../tinker/clients.ts';
import type { ModelInfo, ModelInput, SampledSequence, SampleResponse, SamplingParams } from '../tinker/types.ts';
import { lengthOf, modelInputFromTokens, tokensOf } from '../tinker/types.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { unlessAborted } from '../util/abort.ts';
import { RequestError } from '../util/errors.ts';
import { type Example, parseDatum } from './examples.ts';
import type { Lease } from './lease.ts';
import { configureLoss } from './losses.ts';
import type { Parameters } from './parameters.ts';
import { mostTokens, type PromptQuestions, promptAnswers, promptQuestions } from './prompt_questions.ts';
import { MAX_BATCH, Sampler, type SamplerOptions } from './sampler.ts';
import { Scorer } from './scorer.ts';
import { stopCheck } from './stopping.ts';

export interface SamplingHost extends SamplerOptions {
  /** Directory of the tokenizer, which is read only when a stop string asks for it. */
  tokenizerPath: string;
  /** For requests without a seed of their own. */
  seed: number;
  /** Tokens that are scored at once. */
  microbatchTokens: number;
}

export class LocalSamplingClient implements SamplingClient {
  readonly #lease: Lease;
  readonly #info: ModelInfo;
  readonly #host: SamplingHost;
  readonly #sampler: Sampler;
  readonly #scorer: Scorer;
  #loading: Promise<Tokenizer> | null = null;
  #tokenizer: Tokenizer | null = null;
  #requests = 0;

  constructor(lease: Lease, info: ModelInfo, parameters: Parameters, host: SamplingHost) {
    this.#lease = lease;
    this.#info = info;
    this.#host = host;
    this.#sampler = new Sampler(lease, parameters, host);
    this.#scorer = new Scorer(lease, parameters, host.microbatchTokens);
  }

  async sample(
    input: ModelInput,
    numSamples: number,
    params: SamplingParams,
    options: SampleOptions = {},
  ): Promise<SampleResponse> {
    const { topk_sample_logprobs: topK = 0, signal, onToken } = options;
    const { vocab_size } = this.#lease.model.base.config;
    const prompt = tokensOf(input);
    const room = this.#info.max_context_length - prompt.length;
    checkParams(params, numSamples, room);
    mostTokens('topk_sample_logprobs', topK, vocab_size);
    const questions = promptQuestions(options, prompt, vocab_size);
    // Counted before anything is awaited, so that the n-th request of a client always has the same seed.
    const seed = params.seed ?? this.#host.seed + this.#requests++;
    this.#check(input);
    const respond = async (): Promise<SampleResponse> => {
      await this.#prepareStopStrings(params);
      const maxTokens = Math.min(params.max_tokens ?? room, room);
      const eos = this.#lease.model.base.config.eos_token_id;
      const stops = stopCheck(params.stop, eos, maxTokens, () => this.#decoder());
      const parts: Promise<SampledSequence[]>[] = [];
      for (let firstMember = 0; firstMember < numSamples; firstMember += MAX_BATCH) {
        const part = Math.min(MAX_BATCH, numSamples - firstMember);
        const request = { prompt, numSamples: part, firstMember, params, stops, seed, topK, signal, onToken };
        parts.push(this.#sampler.sample(request));
      }
      const sequences = (await Promise.all(parts)).flat();
      if (questions === null) return { sequences };
      const draws = { temperature: params.temperature ?? 1, seed };
      return { sequences, ...(await this.#answer(questions, draws, signal)) };
    };
    return await unlessAborted(signal, respond());
  }

  async computeLogprobs(input: ModelInput, { last_n, signal }: ScoreOptions = {}): Promise<(number | null)[]> {
    const tokens = tokensOf(input);
    if (tokens.length === 0) return [];
    const isPart = last_n !== undefined && last_n < tokens.length - 1;
    const questions = promptQuestions(
      { include_prompt_logprobs: true, ...(isPart && { prompt_logprobs_last_n: last_n }) },
      tokens,
      this.#lease.model.base.config.vocab_size,
    );
    if (questions === null) return [];
    const scored = this.#answer(questions, { temperature: 1, seed: 0 }, signal);
    const { prompt_logprobs = [] } = await unlessAborted(signal, scored);
    return prompt_logprobs;
  }

  getInfo(): Promise<ModelInfo> {
    return Promise.resolve(this.#info);
  }

  async close(): Promise<void> {
    await this.#lease.close();
  }

  /** What the model says of the tokens of a prompt, which is scored where there is anything to score. */
  async #answer(
    questions: PromptQuestions,
    { temperature, seed }: { temperature: number; seed: number },
    signal: AbortSignal | undefined,
  ): Promise<Omit<SampleResponse, 'sequences'>> {
    const { prompt, targets, first, altTokens } = questions;
    if (prompt.length < 2) return promptAnswers(questions, null);
    const K = targets.length / (prompt.length - 1);
    const example = this.#check(modelInputFromTokens(prompt.slice(0, -1)), targets, K);
    example.weights.fill(0, 0, first * K);
    // Whoever is greedy draws the most likely token each time.
    const greedy = altTokens > 0 && temperature === 0;
    const draws = altTokens > 0 && !greedy ? { k: altTokens, temperature, seed } : null;
    const topK = Math.max(questions.topK, greedy ? 1 : 0);
    return promptAnswers(questions, await this.#scorer.score({ example, topK, draws, signal }));
  }

  /** The input as an example that scores K `targets` a position; checks that every token is one of the model's. */
  #check(
    model_input: ModelInput,
    targets: number[] = new Array<number>(lengthOf(model_input)).fill(0),
    K = 1,
  ): Example {
    const target_tokens = { data: targets, dtype: 'int64' as const, shape: [targets.length / K, K] };
    const limits = { vocab_size: this.#lease.model.base.config.vocab_size, ...this.#info };
    return parseDatum({ model_input, loss_fn_inputs: { target_tokens } }, 0, configureLoss('cross_entropy'), limits);
  }

  async #prepareStopStrings({ stop }: SamplingParams): Promise<void> {
    const hasStrings = typeof stop === 'string' || stop?.some((entry) => typeof entry === 'string');
    if (!hasStrings || this.#tokenizer !== null) return;
    // Once for all who wait, so that requests made together go on together.
    this.#loading ??= loadTokenizer(this.#host.tokenizerPath).finally(() => {
      this.#loading = null;
    });
    this.#tokenizer = await this.#loading;
  }

  #decoder(): Tokenizer {
    if (this.#tokenizer === null) throw new Error('the tokenizer is loaded before a stop string is looked for');
    return this.#tokenizer;
  }
}

/** Log-probs under the model itself are had from those at the temperature, and rounding grows with it: here to 0.001. */
const HOTTEST = 1000;

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
  expect(
    temperature === 0 || Math.fround(1 / temperature) < Number.POSITIVE_INFINITY,
    `temperature ${temperature} is too small for float32: 0 is greedy`,
  );
  expect(temperature <= HOTTEST, `temperature must be at most ${HOTTEST}, not ${temperature}`);
  expect(top_p > 0 && top_p <= 1, `top_p must be above 0 and at most 1, not ${top_p}`);
  expect(Number.isInteger(top_k), `top_k must be a whole number, not ${top_k}`);
  expect(
    max_tokens === undefined || (Number.isInteger(max_tokens) && max_tokens >= 1),
    `max_tokens must be a whole number ≥ 1, not ${max_tokens}`,
  );
  expect(room >= 1, 'the prompt fills the whole context of the model: there is no room to sample');
}
