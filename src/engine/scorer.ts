// Log-probs of given text: calls that wait together are computed together, in passes of a bounded number of tokens.

import type { Example } from './examples.ts';
import type { Lease } from './lease.ts';
import { microbatches } from './microbatches.ts';
import { frozenFeeds, type Parameters } from './parameters.ts';
import { runPass } from './pass.ts';
import type { Dense } from './session.ts';

export interface ScoreRequest {
  /** Scores its targets. */
  example: Example;
  /** So many of the most likely tokens of every position too; 0 = none. */
  topK: number;
  /** Aborted, the request is left out of what has not begun. */
  signal: AbortSignal | undefined;
}

export interface Scores {
  logprobs: Float32Array;
  /** By position, most likely first; empty unless asked for. */
  top: [token: number, logprob: number][][];
}

interface Pending extends ScoreRequest {
  resolve(scores: Scores): void;
  reject(reason: unknown): void;
}

export class Scorer {
  readonly #lease: Lease;
  readonly #adapted: Parameters['adapted'];
  readonly #frozen: Record<string, Dense>;
  readonly #microbatchTokens: number;
  #waiting: Pending[] = [];
  #running = false;

  constructor(lease: Lease, parameters: Parameters, microbatchTokens: number) {
    this.#lease = lease;
    this.#adapted = parameters.adapted;
    this.#frozen = frozenFeeds(lease.model.base, parameters);
    this.#microbatchTokens = microbatchTokens;
  }

  score(request: ScoreRequest): Promise<Scores> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...request, resolve, reject });
      if (this.#running) return;
      this.#running = true;
      // The next turn of the event loop, so that calls made together are gathered.
      setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const gathered = this.#waiting.splice(0);
      // The graph that ranks a vocabulary is another one; who asks for no ranking need not wait for it.
      for (const ranked of [false, true]) {
        const alike = gathered.filter(({ topK }) => topK > 0 === ranked);
        const groups = microbatches(
          alike.map(({ example }) => example),
          this.#microbatchTokens,
        );
        for (const group of groups) await this.#pass(group.map((i) => alike[i]));
      }
    }
    this.#running = false;
  }

  async #pass(requests: readonly Pending[]): Promise<void> {
    const { model, lane } = this.#lease;
    try {
      await lane.run(async () => {
        const wanted = requests.filter(({ signal }) => signal?.aborted !== true);
        if (wanted.length === 0) return;
        const topK = Math.max(...wanted.map((request) => request.topK));
        const examples = wanted.map(({ example }) => example);
        const session = await (topK > 0 ? model.ranking(this.#adapted) : model.scoring(this.#adapted));
        const { logprobs, outputs } = await runPass(session, examples, this.#frozen, {
          model,
          trainedOnly: false,
          topK,
        });
        let row = 0;
        for (const [i, { example, topK: k, resolve }] of wanted.entries()) {
          const rows = Array.from(k > 0 ? example.tokens : [], (_, t) => row + t);
          resolve({ logprobs: logprobs[i], top: rows.map((at) => bestOf(outputs, at * topK, k)) });
          row += example.tokens.length;
        }
      });
    } catch (error) {
      for (const { reject } of requests) reject(error);
    }
  }
}

function bestOf(
  { top_tokens, top_logprobs }: Record<string, { data: Float32Array }>,
  from: number,
  k: number,
): [number, number][] {
  return Array.from({ length: k }, (_, i) => [top_tokens.data[from + i], top_logprobs.data[from + i]]);
}
