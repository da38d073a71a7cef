// A conversation with a model: what was said so far, and the next reply.

import type { Message } from '../renderers/types.ts';
import { lengthOf, type SamplingParams } from '../tinker/types.ts';
import type { ChatTarget } from './target.ts';

export interface Reply {
  text: string;
  /** The reply was cut: it used up its tokens, or the context. */
  cut: boolean;
}

export class Conversation {
  readonly #target: ChatTarget;
  readonly #params: SamplingParams;
  readonly #system: Message[];
  #messages: Message[];
  #turns = 0;

  constructor(target: ChatTarget, params: SamplingParams, system: string | null) {
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
    const prompt = renderer.buildGenerationPrompt(asked);
    const room = (await client.getInfo()).max_context_length - lengthOf(prompt);
    const params = {
      ...this.#params,
      stop: renderer.getStopSequences(),
      max_tokens: Math.min(this.#params.max_tokens ?? room, Math.max(room, 1)),
      seed: (this.#params.seed ?? 0) + this.#turns,
    };
    const { sequences } = await client.sample(prompt, 1, params);
    const { message } = renderer.parseResponse(sequences[0].tokens);
    this.#turns += 1;
    this.#messages = [...asked, message];
    return { text: visibleText(message).trim(), cut: sequences[0].stop_reason === 'length' };
  }
}

/** What the model says aloud: text, not reasoning. */
function visibleText({ content }: Message): string {
  if (typeof content === 'string') return content;
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}
