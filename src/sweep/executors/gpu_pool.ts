// Which GPUs of this machine belong to which run: each to one at a time.

export class GpuPool {
  readonly #free: string[];

  constructor(names: readonly string[]) {
    this.#free = [...names];
  }

  /** Fewer where there are no more. */
  take(count: number): string[] {
    return this.#free.splice(0, count);
  }

  giveBack(names: readonly string[] | null): void {
    this.#free.push(...(names ?? []));
  }
}
