// /completions: prompts as text or as tokens, continued.

import { setImmediate } from 'node:timers/promises';
import { Utf8Decoder } from '../../renderers/utf8_decoder.ts';
import { flagOf } from '../../tinker/server/requests.ts';
import type { SampledSequence } from '../../tinker/types.ts';
import { WireError } from '../../tinker/wire/error.ts';
import { expected, fieldOf, integersAt, listAt, type Sent, textAt } from '../../tinker/wire/json_fields.ts';
import type { Tokenizer } from '../../tokenizers/types.ts';
import { Channel } from '../../util/channel.ts';
import type { JsonObject } from '../../util/json.ts';
import { checkRoom, checkScores, type Generated, generate } from './generation.ts';
import type { NamedModel, OpenAiModels } from './models.ts';
import { countIn, type SamplingRequest, samplingRequestOf, topOf } from './sampling_request.ts';
import type { OpenAiSession } from './session.ts';
import { StopText } from './stop_text.ts';
import { completionLogprobs } from './token_logprobs.ts';
import { answerHead, usageOf } from './usage.ts';

const MAX_PROMPTS = 1024;
/** OpenAI's, for a request that does not say. */
const DEFAULT_MAX_TOKENS = 16;

interface Prompt {
  tokens: number[];
  text: string;
  /** Tokens in front that are no part of the text. */
  beginning: number;
}

export interface CompletionRequest extends SamplingRequest {
  named: NamedModel;
  tokenizer: Tokenizer;
  prompts: Prompt[];
  /** 0: the prompt is only scored. */
  maxTokens: number;
  echo: boolean;
  top: number | null;
}

export async function completionRequestOf(body: JsonObject, models: OpenAiModels): Promise<CompletionRequest> {
  const sampling = samplingRequestOf(body);
  const named = models.find(sampling.model);
  const maxTokens = countIn(body, 'max_tokens', 0, Number.MAX_SAFE_INTEGER) ?? DEFAULT_MAX_TOKENS;
  const echo = flagOf(body, 'echo', false);
  const top = topOf(body, 'logprobs') ?? null;
  if (maxTokens === 0 && !echo)
    throw new WireError('max_tokens', 'can be 0 only with echo, where the prompt is scored');
  const tokenizer = await models.tokenizer(named);
  const beginning = await models.textBeginning(named);
  const prompts: Prompt[] = [];
  for (const sent of promptsAt(fieldOf(body, 'prompt'))) {
    const prompt =
      typeof sent === 'string' ? promptOfText(sent, tokenizer, beginning) : promptOfTokens(sent, tokenizer);
    checkRoom(prompt.tokens, named, 'prompt');
    prompts.push(prompt);
    // A thousand long texts take a while: others are served in between.
    await setImmediate();
  }
  const room = ({ tokens }: Prompt) => named.served.max_context_length - tokens.length;
  const scored = (prompt: Prompt) => sampling.n * Math.min(maxTokens, room(prompt)) + (echo ? prompt.tokens.length : 0);
  checkScores(
    prompts.reduce((sum, prompt) => sum + scored(prompt), 0),
    top,
  );
  return { ...sampling, named, tokenizer, prompts, maxTokens, echo, top };
}

/** A text, tokens, or a list of either. */
function promptsAt(value: Sent): (string | number[])[] {
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value) || value.length === 0)
    throw expected('a text, tokens, or a list of these', value, 'prompt');
  if (typeof value[0] === 'number') return [integersAt(value, 'prompt')];
  if (value.length > MAX_PROMPTS) throw new WireError('prompt', `must be at most ${MAX_PROMPTS} prompts`);
  if (Array.isArray(value[0])) return listAt(value, 'prompt', integersAt);
  return listAt(value, 'prompt', textAt);
}

function promptOfText(text: string, tokenizer: Tokenizer, beginning: readonly number[]): Prompt {
  const tokens = tokenizer.encode(text);
  const before = tokens[0] === beginning[0] ? [] : beginning;
  return { tokens: [...before, ...tokens], text, beginning: before.length };
}

function promptOfTokens(tokens: number[], tokenizer: Tokenizer): Prompt {
  const stranger = tokens.find((token) => token < 0 || token >= tokenizer.vocabSize);
  if (stranger !== undefined) throw new WireError('prompt', `${stranger} is no token of this model`);
  return { tokens, text: tokenizer.decode(tokens), beginning: 0 };
}

/** The text of an answer as its tokens come. */
class AnswerText {
  readonly #ends: readonly number[];
  readonly #decoder: Utf8Decoder;
  readonly #stops: StopText;

  constructor({ tokenizer, stop }: CompletionRequest) {
    this.#ends = tokenizer.endTokenIds;
    this.#decoder = new Utf8Decoder(tokenizer);
    this.#stops = new StopText(stop);
  }

  add(tokens: readonly number[]): string {
    const said = tokens.filter((token) => !this.#ends.includes(token));
    return said.map((token) => this.#stops.add(this.#decoder.decode(token))).join('');
  }

  finish(): string {
    return this.#stops.add(this.#decoder.finish()) + this.#stops.finish();
  }
}

function generated(
  session: OpenAiSession,
  request: CompletionRequest,
  prompt: Prompt,
  more: {
    signal: AbortSignal;
    onToken?(token: number, member: number): void;
  },
): Promise<Generated> {
  const { named, n, params, stop, maxTokens, echo, top } = request;
  return generate(session, {
    model: named,
    prompt: prompt.tokens,
    n,
    params: { ...params, max_tokens: Math.max(1, maxTokens), ...(stop.length > 0 && { stop }) },
    top,
    scorePrompt: echo,
    ...more,
  });
}

export async function completion(
  session: OpenAiSession,
  request: CompletionRequest,
  signal: AbortSignal,
): Promise<JsonObject> {
  const parts = await Promise.all(
    request.prompts.map(async (prompt) => ({
      prompt,
      generated: await generated(session, request, prompt, { signal }),
    })),
  );
  const choices = parts.flatMap(({ prompt, generated: whole }, p) =>
    whole.sequences.map((sequence, member) => {
      const answer = new AnswerText(request);
      const said = request.maxTokens === 0 ? '' : answer.add(sequence.tokens) + answer.finish();
      return {
        index: p * request.n + member,
        text: `${request.echo ? prompt.text : ''}${said}`,
        logprobs: logprobsOf(request, prompt, whole, member),
        finish_reason: finishOf(request, sequence),
      };
    }),
  );
  const usage = usageOf(
    parts.map(({ prompt: { tokens }, generated }) => ({ prompt: tokens, generated })),
    { answers: request.maxTokens > 0 },
  );
  return { ...answerHead('cmpl', 'text_completion', request.model), choices, usage };
}

/** Text as it comes; log-probs, and with them the text that they belong to, when the answer is whole. */
export async function* completionPieces(
  session: OpenAiSession,
  request: CompletionRequest,
  signal: AbortSignal,
): AsyncGenerator<JsonObject> {
  const head = answerHead('cmpl', 'text_completion', request.model);
  const pieces = new Channel<JsonObject>();
  const tell = (index: number, text: string, more: JsonObject = {}) =>
    pieces.push({ ...head, choices: [{ index, text, logprobs: null, finish_reason: null, ...more }] });
  const { n, top, maxTokens, echo } = request;
  const answering = request.prompts.map(async (prompt, p) => {
    const answers = Array.from({ length: n }, () => ({ text: new AnswerText(request), told: 0, begun: false }));
    const beginning = (answer: (typeof answers)[number]) => {
      const text = echo && !answer.begun ? prompt.text : '';
      answer.begun = true;
      return text;
    };
    const onToken = (token: number, member: number) => {
      const answer = answers[member];
      answer.told += 1;
      const text = beginning(answer) + answer.text.add([token]);
      if (text !== '') tell(p * n + member, text);
    };
    const listening = top === null && maxTokens > 0 ? { onToken } : {};
    const whole = await generated(session, request, prompt, { signal, ...listening });
    for (const [member, sequence] of whole.sequences.entries()) {
      const answer = answers[member];
      const said = maxTokens === 0 ? '' : answer.text.add(sequence.tokens.slice(answer.told)) + answer.text.finish();
      tell(p * n + member, beginning(answer) + said, {
        logprobs: logprobsOf(request, prompt, whole, member),
        finish_reason: finishOf(request, sequence),
      });
    }
    return { prompt: prompt.tokens, generated: whole };
  });
  const all = Promise.all(answering);
  all.then(
    () => pieces.end(),
    (error: unknown) => pieces.end(error),
  );
  yield* pieces;
  if (request.includeUsage) yield { ...head, choices: [], usage: usageOf(await all, { answers: maxTokens > 0 }) };
}

function finishOf({ maxTokens }: CompletionRequest, { stop_reason }: SampledSequence): string {
  return maxTokens === 0 ? 'length' : stop_reason;
}

/** Every token has its entry, those that ended the answer included: who counts them counts what was sampled. */
function logprobsOf(
  { tokenizer, maxTokens, top }: CompletionRequest,
  { beginning }: Prompt,
  { promptScores, scores }: Pick<Generated, 'promptScores' | 'scores'>,
  member: number,
): JsonObject | null {
  if (top === null) return null;
  const said = maxTokens === 0 ? [] : scores[member];
  const all = [...promptScores, ...said];
  const isText = (index: number) =>
    index >= promptScores.length ? !tokenizer.endTokenIds.includes(all[index].token) : index >= beginning;
  return completionLogprobs(all, tokenizer, isText);
}
