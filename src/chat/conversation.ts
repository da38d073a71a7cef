// A conversation with a model: what was said so far, and the next reply.

import { PassThrough } from 'node:stream';
import { tinkerTokenCompleter, visibleText } from '../completers/completers.ts';
import { spokenText } from '../completers/spoken.ts';
import type { Message } from '../renderers/types.ts';
import type { SamplingTarget } from '../run/sampling_target.ts';
import { type SamplingParams, tokensOf } from '../tinker/types.ts';

export interface Reply {
  text: string;
  /** How it ended; `length`: it used up its tokens, or the context; `stopped`: by who was talking. */
  ended: 'stop' | 'length' | 'stopped';
}

export interface Listener {
  /** Aborted, the reply ends with what was said so far. */
  signal?: AbortSignal;
  /** Told of the reply's text as it comes; all pieces join to it. */
  onText?(piece: string): void;
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

  /** Whether anything was said that `startAgain` would forget. */
  get hasBegun(): boolean {
    return this.#messages.length > this.#system.length;
  }

  /** Forgets everything but the system prompt. */
  startAgain(): void {
    this.#messages = [...this.#system];
  }

  /**
   * Says something and waits for the reply. Of one that is stopped, what had been said stays; where nothing had, or where
   * there is no reply, what was asked is forgotten again.
   */
  async say(text: string, { signal, onText = () => undefined }: Listener = {}): Promise<Reply> {
    const { client, renderer } = this.#target;
    const asked: Message[] = [...this.#messages, { role: 'user', content: text }];
    const contextWindow = (await client.getInfo()).max_context_length;
    const { max_tokens: maxTokens = contextWindow, temperature, top_p: topP, seed = 0 } = this.#params;
    const completer = tinkerTokenCompleter(client, { maxTokens, temperature, topP, contextWindow });
    const prompt = renderer.buildGenerationPrompt(asked);

    const tokens = new PassThrough({ objectMode: true });
    let told = 0;
    const onToken = (token: number) => {
      told += 1;
      tokens.write(token);
    };
    let said = '';
    const listening = (async () => {
      let whole = '';
      for await (const piece of spokenText(tokens, renderer, tokensOf(prompt))) {
        // White space at both ends is no part of a reply, and what follows tells whether this is an end.
        whole += piece;
        const trimmed = whole.trim();
        if (trimmed.length > said.length) onText(trimmed.slice(said.length));
        said = trimmed;
      }
    })();
    // Its failure is told when the reply is there.
    listening.catch(() => undefined);
    const options = { seed: seed + this.#turns, signal, onToken };
    try {
      const completion = await completer.complete(prompt, renderer.getStopSequences(), options);
      // A service may tell nothing on the way.
      for (const token of completion.tokens.slice(told)) tokens.write(token);
      tokens.end();
      await listening;
      const { message } = renderer.parseResponse(completion.tokens);
      const reply = wholeReply(visibleText(message).trim(), said);
      if (reply.length > said.length) onText(reply.slice(said.length));
      this.#turns += 1;
      this.#messages = [...asked, message];
      return { text: reply, ended: completion.stop_reason };
    } catch (error) {
      tokens.end();
      await listening;
      if (signal?.aborted !== true) throw error;
      this.#turns += 1;
      if (said !== '') this.#messages = [...asked, { role: 'assistant', content: said }];
      return { text: said, ended: 'stopped' };
    }
  }
}

/** A reply that was cut can be read as a whole in another way than on the way: its tags, too, become text. */
function wholeReply(text: string, said: string): string {
  return text.startsWith(said) ? text : said;
}
