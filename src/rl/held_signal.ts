// The signal to stop, for rollouts: it waits for the end of a step that is between two of its updates, since half of a step can
// neither be saved nor taken back.

export class HeldSignal {
  readonly #given: AbortSignal;
  readonly #controller = new AbortController();
  #isHeld = false;

  /** @param given is aborted when the run is asked to stop */
  constructor(given: AbortSignal) {
    this.#given = given;
    given.addEventListener('abort', () => this.#passOn(), { once: true });
    this.#passOn();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From here on a stop waits for `release`. @throws the reason of one that came before */
  hold(): void {
    this.signal.throwIfAborted();
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#passOn();
  }

  #passOn(): void {
    if (this.#given.aborted && !this.#isHeld) this.#controller.abort(this.#given.reason);
  }
}
