// What the server has done since it was started: requests, tokens, and how long its operations took.

import type { SampleResponse } from '../types.ts';

export interface RequestCount {
  method: string;
  /** The pattern of its path, so that ids make no rows of their own. */
  route: string;
  status: number;
  count: number;
}

export interface OperationCount {
  operation: string;
  count: number;
  /** From its turn to its end. Operations that are computed together each count the whole of it. */
  seconds: number;
}

export class Counters {
  readonly startedAt = Date.now();
  readonly #requests = new Map<string, RequestCount>();
  readonly #operations = new Map<string, OperationCount>();
  /** Tokens of examples that were trained on; of those that were only scored; of prompts; and that were sampled. */
  readonly tokens = { trained: 0, scored: 0, prompt: 0, sampled: 0 };

  requests(): RequestCount[] {
    return [...this.#requests.values()];
  }

  operations(): OperationCount[] {
    return [...this.#operations.values()];
  }

  request(about: Omit<RequestCount, 'count'>): void {
    const key = Object.values(about).join(' ');
    const row = this.#requests.get(key) ?? { ...about, count: 0 };
    row.count += 1;
    this.#requests.set(key, row);
  }

  /** Does the work, whose time counts even where it fails. */
  async timed<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    try {
      return await work();
    } finally {
      const row = this.#operations.get(operation) ?? { operation, count: 0, seconds: 0 };
      row.count += 1;
      row.seconds += (performance.now() - begun) / 1000;
      this.#operations.set(operation, row);
    }
  }

  /** Counts tokens as they are sampled, where that is told, and the others at the end. */
  sampling(promptTokens: number): { told(): void; done(response: SampleResponse): void } {
    this.tokens.prompt += promptTokens;
    let counted = 0;
    const count = (more: number) => {
      counted += more;
      this.tokens.sampled += more;
    };
    return {
      told: () => count(1),
      done: ({ sequences }) => count(sequences.reduce((sum, { tokens }) => sum + tokens.length, 0) - counted),
    };
  }
}
