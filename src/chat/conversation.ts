// A conversation with a model: what was said so far, and the next reply.

import { tinkerMessageCompleter, visibleText } from '../completers/completers.ts';
import type { Message } from '../renderers/types.ts';
import type { SamplingTarget } from '../run/sampling_target.ts';
import type { SamplingParams } from '../tinker/types.ts';

export interface Reply {
  text: string;
  /** The reply was cut: it used up its tokens, or the context. */
  cut: boolean;
}

export class Conversation {
  readonly #target: SamplingTarget;
  readonly #params: SamplingParams;
  readonly #system: Message[];
  #messages: Message[];
  #turns = 0;

  constructor(target: SamplingTarget, params: SamplingParams, system: string | null) {
    this.#target = target;
    this.#params = params;
    this.#system = system === null ? [] : [{ role: 'system', content: system }];
    this.#messages = [...this.#system];
  }

  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Forgets everything but the system prompt. */
  startAgain(): void {
    this.#messages = [...this.#system];
  }

  /** Says something and waits for the reply. What was said is forgotten again if there is no reply. */
  async say(text: string): Promise<Reply> {
    const { client, renderer } = this.#target;
    const asked: Message[] = [...this.#messages, { role: 'user', content: text }];
    const contextWindow = (await client.getInfo()).max_context_length;
    const { max_tokens: maxTokens = contextWindow, temperature, top_p: topP, seed = 0 } = this.#params;
    const completer = tinkerMessageCompleter(client, renderer, { maxTokens, temperature, topP, contextWindow });
    const { message, stop_reason } = await completer.complete(asked, { seed: seed + this.#turns });
    this.#turns += 1;
    this.#messages = [...asked, message];
    return { text: visibleText(message).trim(), cut: stop_reason === 'length' };
  }
}
