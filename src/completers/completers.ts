// Completers: prompt in, tokens out, and conversation in, reply out, whatever model answers (tinker_cookbook/completers.py).

import type { Message, ParsedResponse, Renderer, ToolSpec } from '../renderers/types.ts';
import { withTools } from '../renderers/with_tools.ts';
import type { RequestOptions, SampleOptions, SamplingClient } from '../tinker/clients.ts';
import {
  lengthOf,
  type ModelInput,
  type SampledSequence,
  type SampleResponse,
  type SampleStopReason,
} from '../tinker/types.ts';
import { RequestError } from '../util/errors.ts';

export interface CompletionOptions extends RequestOptions, Pick<SampleOptions, 'onToken'> {
  /** Fewer tokens than the completer would sample at most. */
  maxTokens?: number;
  /** The same seed gives the same completion where the service keeps to it. */
  seed?: number;
}

/** What was sampled; `prompt_cache_hit_tokens`: tokens of the prompt that the service had in its cache. */
export type Completion = SampledSequence & Pick<SampleResponse, 'prompt_cache_hit_tokens'>;

/** Continues a prompt. */
export interface TokenCompleter {
  /** @param stop strings or token ids that end it; the one that did is part of the tokens */
  complete(prompt: ModelInput, stop: string[] | number[], options?: CompletionOptions): Promise<Completion>;
}

/** Tokens that a service has read and written, by its own count. */
export interface TokenUsage {
  prompt_tokens: number;
  completion_tokens: number;
}

/** A reply, all that was said in it, and how it ended. */
export interface CompletedMessage extends ParsedResponse {
  /** `length`: it used up its tokens, or the context. */
  stop_reason: SampleStopReason;
  /** Where a service of texts tells it. */
  usage?: TokenUsage;
}

/** Replies to a conversation. */
export interface MessageCompleter {
  complete(messages: readonly Message[], options?: CompletionOptions): Promise<CompletedMessage>;
}

export interface TinkerCompleterOptions {
  /** Longest completion, in tokens. */
  maxTokens: number;
  /** 0 = greedy; 1 unless given. */
  temperature?: number;
  /** Nucleus sampling; all tokens unless given. */
  topP?: number;
  /** Tokens that prompt and completion have together; unless given, the service sees to it. */
  contextWindow?: number | null;
}

/**
 * Samples from a client of the Tinker API; `TinkerTokenCompleter`. With a `contextWindow` a completion is as short as the
 * room that the prompt leaves.
 * @throws RequestError (from `complete`) for a prompt that leaves none
 */
export function tinkerTokenCompleter(
  client: SamplingClient,
  { maxTokens, temperature = 1, topP, contextWindow = null }: TinkerCompleterOptions,
): TokenCompleter {
  return {
    async complete(prompt, stop, { maxTokens: most = maxTokens, seed, signal, onToken } = {}) {
      const room = contextWindow === null ? maxTokens : roomAfter(prompt, contextWindow);
      const params = {
        max_tokens: Math.min(maxTokens, most, room),
        temperature,
        stop,
        ...(topP === undefined ? {} : { top_p: topP }),
        ...(seed === undefined ? {} : { seed }),
      };
      const { sequences, prompt_cache_hit_tokens } = await client.sample(prompt, 1, params, { signal, onToken });
      return { ...sequences[0], prompt_cache_hit_tokens };
    },
  };
}

function roomAfter(prompt: ModelInput, contextWindow: number): number {
  const length = lengthOf(prompt);
  if (length < contextWindow) return contextWindow - length;
  throw new RequestError(
    `the prompt fills the whole context of the model, ${length} tokens of ${contextWindow}: there is no room to sample`,
    { hint: 'Shorten it: all that was said before counts too.' },
  );
}

export interface MessageCompleterOptions extends TinkerCompleterOptions {
  /** What ends a reply; what the renderer says unless given. */
  stop?: string[] | number[];
  /** Declared in front of every conversation, together with its first system message. */
  tools?: readonly ToolSpec[];
}

/**
 * Asks a model through its renderer; `TinkerMessageCompleter`. Of a reply nothing is left out: tool calls, those that could
 * not be read, and how it ended are there.
 * @throws RendererError (from `complete`) for tools where the renderer has none, RequestError as `tinkerTokenCompleter`
 */
export function tinkerMessageCompleter(
  client: SamplingClient,
  renderer: Renderer,
  { stop = renderer.getStopSequences(), tools = [], ...sampling }: MessageCompleterOptions,
): MessageCompleter {
  const tokens = tinkerTokenCompleter(client, sampling);
  return {
    async complete(messages, options) {
      const prompt = renderer.buildGenerationPrompt(withTools(renderer, messages, tools));
      const completion = await tokens.complete(prompt, stop, options);
      return { ...renderer.parseResponse(completion.tokens), stop_reason: completion.stop_reason };
    },
  };
}

/** What a message says aloud: its text, without reasoning and pictures. */
export function visibleText({ content }: Message): string {
  if (typeof content === 'string') return content;
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}
