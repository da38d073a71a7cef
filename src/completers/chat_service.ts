// A service that speaks OpenAI's chat completions, as a completer: conversations in, texts out, over HTTP.

import type { Message } from '../renderers/types.ts';
import { type Clock, systemClock } from '../tinker/http/clock.ts';
import { ConnectionError, DamagedAnswerError, ServiceError, StatusError } from '../tinker/http/errors.ts';
import { Connections, type Incoming } from '../tinker/http/exchange.ts';
import { Patience, troubleOfRequest } from '../tinker/http/retry.ts';
import { ConfigurationError, messageOf } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, numberOf, objectOf, textOf } from '../util/json.ts';
import { printable } from '../util/printable.ts';
import { type CompletedMessage, type MessageCompleter, visibleText } from './completers.ts';

export interface ChatServiceOptions {
  /** Up to `/chat/completions`: `https://api.openai.com/v1`. */
  baseUrl: string;
  model: string;
  /** Null for a service that asks for none. */
  apiKey: string | null;
  maxTokens: number;
  temperature: number;
  /** Of one request; an answer may take several. */
  timeoutSeconds: number;
  /** From the first failure in a row to giving an answer up. */
  patienceSeconds?: number;
  /** Hears of trouble that passes. */
  notify?(message: string): void;
  clock?: Clock;
}

export interface ChatService extends MessageCompleter {
  close(): void;
}

/** More is no reply. */
const MOST_BYTES = 16 * 2 ** 20;
const MOST_DETAIL_CHARACTERS = 300;
const USUAL_PATIENCE_SECONDS = 300;
/** With a service that has never answered: its address may be wrong. */
const FIRST_PATIENCE_SECONDS = 20;

/**
 * Asks the service, and again with pauses where it says that it has too much to do, breaks down or cannot be reached.
 * @throws ConfigurationError for an address that is none, and (from `complete`) for a key, a model or a request that the service
 * refuses, which every conversation would meet; ServiceError (from `complete`) for one that it does not answer
 */
export function chatService(options: ChatServiceOptions): ChatService {
  return new ChatServiceClient(options);
}

class ChatServiceClient implements ChatService {
  readonly #options: ChatServiceOptions;
  readonly #url: string;
  readonly #connections: Connections;
  readonly #noted = new Set<string>();
  #hasAnswered = false;
  /** Newer services of OpenAI's know the limit by another name alone. */
  #limitName: 'max_tokens' | 'max_completion_tokens' = 'max_tokens';

  constructor(options: ChatServiceOptions) {
    this.#options = options;
    this.#url = `${addressOf(options.baseUrl)}/chat/completions`;
    this.#connections = new Connections(this.#url, MOST_BYTES);
  }

  async complete(
    messages: readonly Message[],
    { seed, signal, maxTokens }: { seed?: number; signal?: AbortSignal; maxTokens?: number } = {},
  ): Promise<CompletedMessage> {
    let patience: Patience | null = null;
    while (true) {
      try {
        return await this.#attempt(messages, seed, maxTokens, signal);
      } catch (error) {
        if (error instanceof StatusError && this.#canRename(error)) continue;
        if (error instanceof StatusError && isEverybodys(error)) throw refusedForGood(error);
        patience ??= this.#patience();
        await patience.again(error, signal).catch((last: unknown) => {
          throw this.#hasAnswered || !(last instanceof ServiceError) ? last : neverAnswered(last);
        });
      }
    }
  }

  #patience(): Patience {
    const { clock = systemClock, patienceSeconds = USUAL_PATIENCE_SECONDS } = this.#options;
    return new Patience({
      clock,
      limitMs: 1000 * (this.#hasAnswered ? patienceSeconds : Math.min(patienceSeconds, FIRST_PATIENCE_SECONDS)),
      billingLimitMs: 0,
      troubleOf: troubleOfRequest,
      failing: (error) => this.#tell(`${error.message}. Trying again`),
      paused: () => undefined,
    });
  }

  close(): void {
    this.#connections.close();
  }

  #tell(message: string): void {
    if (this.#noted.has(message)) return;
    this.#noted.add(message);
    this.#options.notify?.(message);
  }

  async #attempt(
    messages: readonly Message[],
    seed: number | undefined,
    maxTokens: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<CompletedMessage> {
    const { model, temperature, timeoutSeconds, apiKey } = this.#options;
    const body = {
      model,
      messages: messages.map((message) => ({ role: message.role, content: visibleText(message) })),
      [this.#limitName]: Math.min(this.#options.maxTokens, maxTokens ?? Number.POSITIVE_INFINITY),
      temperature,
      ...(seed === undefined ? {} : { seed }),
    };
    const incoming = await this.#connections
      .exchange(this.#url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Accept: 'application/json',
          'User-Agent': 'tinker-cookbook-js',
          ...(apiKey === null ? {} : { Authorization: `Bearer ${apiKey}` }),
        },
        body: JSON.stringify(body),
        timeoutMs: 1000 * timeoutSeconds,
        signals: signal === undefined ? [] : [signal],
      })
      .catch((error: unknown) => {
        signal?.throwIfAborted();
        throw new ConnectionError(`${this.#shownUrl()}: ${printable(messageOf(error))}`, { cause: error });
      });
    this.#hasAnswered = true;
    const answer = jsonOf(incoming);
    if (incoming.status < 200 || incoming.status >= 300) throw this.#refusal(incoming, answer);
    return replyIn(answer) ?? this.#damaged('it has no choices[0].message');
  }

  #damaged(problem: string): never {
    throw new DamagedAnswerError(`${this.#shownUrl()}: the answer cannot be read: ${problem}`, {
      hint: "See that --base-url is that of OpenAI's API, up to and without /chat/completions.",
    });
  }

  #refusal({ status, headers }: Incoming, answer: JsonValue): StatusError {
    const said = objectOf(objectOf(answer).error);
    const detail = textOf(said.message) ?? textOf(objectOf(answer).detail) ?? '';
    const told = this.#withoutKey(printable(detail)).slice(0, MOST_DETAIL_CHARACTERS);
    return new StatusError(`${this.#shownUrl()} answered ${status}${told === '' ? '' : `: ${told}`}`, {
      status,
      body: undefined,
      retryAfterMs: retryAfter(headers['retry-after']),
      shouldRetry: null,
      hint: undefined,
    });
  }

  /** Whether the refusal was of the name of the limit, and another one is to be tried. */
  #canRename({ status, message }: StatusError): boolean {
    if (status !== 400 || this.#limitName !== 'max_tokens' || !message.includes('max_completion_tokens')) return false;
    this.#limitName = 'max_completion_tokens';
    return true;
  }

  /** A service may say the key again that it was given. */
  #withoutKey(text: string): string {
    const { apiKey } = this.#options;
    return apiKey === null || apiKey === '' ? text : text.replaceAll(apiKey, '…');
  }

  #shownUrl(): string {
    return this.#withoutKey(this.#url);
  }
}

/** @throws ConfigurationError for what is no address, or has a name, a key or a query in it */
export function addressOf(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  const isPlain = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (isPlain && (url.protocol === 'http:' || url.protocol === 'https:')) return url.href.replace(/\/+$/, '');
  throw new ConfigurationError('--base-url must be an address such as https://api.openai.com/v1, without a key in it', {
    hint: 'The key comes from the environment: OPENAI_API_KEY, or the variable that --key-env names.',
  });
}

/** Whatever else is asked would be refused too: the key, the model or the form of the requests. */
const isEverybodys = ({ status }: StatusError): boolean =>
  [401, 402, 403, 404, 405].includes(status) || (status >= 300 && status < 400);

function refusedForGood({ message, status }: StatusError): ConfigurationError {
  const hint =
    status === 401 || status === 403
      ? 'Set OPENAI_API_KEY, or the variable that --key-env names, to a key of this service.'
      : 'See that --base-url and --model are those of the service.';
  return new ConfigurationError(message, { hint });
}

function neverAnswered({ message }: ServiceError): ConfigurationError {
  return new ConfigurationError(message, { hint: 'See that the service runs, and that --base-url is its address.' });
}

function jsonOf({ bytes }: Incoming): JsonValue {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/** Null for an answer that holds no reply. */
function replyIn(answer: JsonValue): CompletedMessage | null {
  const { choices, usage } = objectOf(answer);
  const choice = Array.isArray(choices) ? objectOf(choices[0]) : {};
  if (!isJsonObject(choice.message)) return null;
  const { content } = choice.message;
  if (content !== null && content !== undefined && typeof content !== 'string') return null;
  const isCut = choice.finish_reason === 'length';
  return {
    message: { role: 'assistant', content: content ?? '' },
    termination: isCut ? 'malformed' : 'stop_sequence',
    stop_reason: isCut ? 'length' : 'stop',
    usage: usageIn(objectOf(usage)),
  };
}

function usageIn({ prompt_tokens, completion_tokens }: JsonObject) {
  const count = (value: JsonValue | undefined) => {
    const number = numberOf(value);
    return number !== null && Number.isSafeInteger(number) && number >= 0 ? number : 0;
  };
  return { prompt_tokens: count(prompt_tokens), completion_tokens: count(completion_tokens) };
}

/** Seconds, or a date, as HTTP has it. */
function retryAfter(header: string | undefined): number | null {
  const seconds = header === undefined ? Number.NaN : Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? 1000 * seconds : null;
}
