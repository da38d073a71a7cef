// Renderings of the beginnings of a conversation, made while the whole of it is rendered: a template that goes through the
// messages in order has rendered each beginning before it comes to the next message.

import type { Text } from './text.ts';
import { onTrial } from './trial.ts';
import type { Value } from './values.ts';
import type { Watch } from './watched_list.ts';

/** The variable that asks for a generation prompt. */
export const ASKED = 'add_generation_prompt';

/** A beginning of the conversation that is to be rendered. */
export interface PrefixRequest {
  /** How many of the items of `messages` it has. */
  count: number;
  /** Whether a generation prompt follows. */
  asked: boolean;
  /** In the place of its last item. */
  last?: Value;
}

/** A rendering: the first characters of that of the whole, and then others; or the error that it ends in. */
export type PrefixRendering = { head: number; tail: Text } | { error: unknown };

/** Gathers them while the whole is rendered, in which nothing is asked. */
export class Prefixes {
  readonly #watch: Watch;
  readonly #ask: (asked: boolean) => void;
  readonly #wanted = new Map<number, PrefixRequest[]>();
  readonly #found = new Map<PrefixRequest, PrefixRendering>();
  #wasRead = false;
  #isTrying = false;

  /** `ask` sets the variable that asks. */
  constructor(watch: Watch, requests: readonly PrefixRequest[], ask: (asked: boolean) => void) {
    this.#watch = watch;
    this.#ask = ask;
    for (const request of requests) {
      const others = this.#wanted.get(request.count) ?? [];
      this.#wanted.set(request.count, [...others, request]);
    }
  }

  /** The template reads whether it is asked: what is rendered from now on may depend on it. */
  noteRead(): void {
    if (!this.#isTrying) this.#wasRead = true;
  }

  /**
   * A loop of the template itself has come to the item with this index in `messages`, with so many characters rendered.
   * `complete` renders that item and all that follows the loop.
   */
  reached(index: number, head: number, complete: () => Text): void {
    const count = index + 1;
    if (this.#isTrying || this.#watch.seen > count) return;
    for (const request of this.#wanted.get(count) ?? []) {
      if (this.#found.has(request) || (request.asked && this.#wasRead)) continue;
      if (request.last !== undefined && this.#watch.read > index) continue;
      this.#found.set(request, this.#attempt(request, head, complete));
    }
  }

  /** Null where the template has looked further before it came to the end of this beginning. */
  rendering(request: PrefixRequest): PrefixRendering | null {
    return this.#found.get(request) ?? null;
  }

  #attempt({ count, asked, last }: PrefixRequest, head: number, complete: () => Text): PrefixRendering {
    this.#isTrying = true;
    try {
      const tail = onTrial(() =>
        this.#watch.shortened(count, last, () => {
          this.#ask(asked);
          return complete();
        }),
      );
      return { head, tail };
    } catch (error) {
      return { error };
    } finally {
      this.#isTrying = false;
    }
  }
}
