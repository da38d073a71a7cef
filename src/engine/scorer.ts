// Log-probs of given text: calls that wait together are computed together, in passes of a bounded number of tokens.

import type { TopkLogprobs } from '../tinker/types.ts';
import { nextUniform, randomFor } from '../util/random.ts';
import { drawFeed, drawn } from './draws.ts';
import type { Example } from './examples.ts';
import type { Lease } from './lease.ts';
import { microbatches } from './microbatches.ts';
import type { AdapterShape } from './model.ts';
import { frozenFeeds, type Parameters } from './parameters.ts';
import { type Row, runPass } from './pass.ts';
import { ranked } from './ranking.ts';
import { type Dense, floats, integers } from './session.ts';

/** Tokens that are drawn at every position. */
interface Draws {
  k: number;
  /** Above 0. */
  temperature: number;
  /** Decides every draw. */
  seed: number;
}

export interface ScoreRequest {
  /** Scores its targets, at the positions that it wants. */
  example: Example;
  /** So many of the most likely tokens of every position too; 0 = none. */
  topK: number;
  draws: Draws | null;
  /** Aborted, the request is left out of what has not begun. */
  signal: AbortSignal | undefined;
}

/** By position; of those that the example does not want, NaN and null. */
export interface Scores {
  /** As many as the example has targets. */
  logprobs: Float32Array;
  /** Most likely first; empty unless asked for. */
  top: TopkLogprobs;
  /** k a position; empty unless asked for. */
  drawn: { tokens: number[]; logprobs: Float32Array };
}

interface Pending extends ScoreRequest {
  resolve(scores: Scores): void;
  reject(reason: unknown): void;
}

export class Scorer {
  readonly #lease: Lease;
  readonly #adapter: AdapterShape;
  readonly #frozen: Record<string, Dense>;
  readonly #microbatchTokens: number;
  #waiting: Pending[] = [];
  #running = false;

  constructor(lease: Lease, parameters: Parameters, microbatchTokens: number) {
    this.#lease = lease;
    this.#adapter = { rank: parameters.rank, adapted: parameters.adapted };
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
      // Graphs that tell more take longer; who asks for log-probs alone need not wait for them.
      for (const alike of byGraph(this.#waiting.splice(0))) {
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
        const draws = Math.max(...wanted.map((request) => request.draws?.k ?? 0));
        const session = await model.scoring(this.#adapter, { ranked: topK > 0, drawn: draws > 0 });
        let told: readonly Row[] = [];
        const { logprobs, outputs } = await runPass(
          session,
          wanted.map(({ example }) => example),
          this.#frozen,
          {
            model,
            trainedOnly: true,
            feedsOf(rows) {
              told = rows;
              return {
                ...(topK > 0 && { top_k: integers([topK], [1]) }),
                ...(draws > 0 && drawFeeds(rows, wanted, draws)),
              };
            },
          },
        );
        const more = wanted.map(({ example, topK: k, draws: own }) => emptyScores(example.tokens.length, k, own));
        for (const [row, { e, t }] of told.entries()) {
          const { topK: k, draws: own } = wanted[e];
          if (k > 0) more[e].top[t] = ranked(outputs, row, { k, width: topK });
          const count = own?.k ?? 0;
          for (let i = 0; i < count; i++) {
            more[e].drawn.tokens[t * count + i] = outputs.drawn_tokens.data[row * draws + i];
            more[e].drawn.logprobs[t * count + i] = outputs.drawn_logprobs.data[row * draws + i];
          }
        }
        for (const [e, { resolve }] of wanted.entries()) resolve({ logprobs: logprobs[e], ...more[e] });
      });
    } catch (error) {
      for (const { reject } of requests) reject(error);
    }
  }
}

function byGraph(requests: readonly Pending[]): Pending[][] {
  const groups = new Map<string, Pending[]>();
  for (const request of requests) {
    const key = `${request.topK > 0} ${request.draws !== null}`;
    const alike = groups.get(key);
    if (alike === undefined) groups.set(key, [request]);
    else alike.push(request);
  }
  return [...groups.values()];
}

function emptyScores(positions: number, topK: number, draws: Draws | null): Omit<Scores, 'logprobs'> {
  const cells = positions * (draws?.k ?? 0);
  return {
    top: new Array(topK > 0 ? positions : 0).fill(null),
    drawn: { tokens: new Array<number>(cells).fill(0), logprobs: new Float32Array(cells).fill(Number.NaN) },
  };
}

/** Numbers for `width` draws a row, of which requests that ask for fewer use as many. */
function drawFeeds(rows: readonly Row[], requests: readonly ScoreRequest[], width: number): Record<string, Dense> {
  const uniforms = requests.map(({ example, draws }) => {
    if (draws === null) return new Float64Array();
    const random = randomFor(draws.seed, 'prompt_alt_tokens');
    return Float64Array.from({ length: 2 * draws.k * example.tokens.length }, () => nextUniform(random));
  });
  const feed = (which: 0 | 1) =>
    drawFeed(rows.length, width, (row, i) => {
      const { e, t } = rows[row];
      const k = requests[e].draws?.k ?? 0;
      return i < k ? drawn(uniforms[e][2 * (t * k + i) + which]) : 0;
    });
  const inverse = Float32Array.from(rows, ({ e }) => 1 / (requests[e].draws?.temperature ?? 1));
  return {
    inverse_temperature: floats(inverse, [rows.length, 1]),
    draw_blocks: feed(0),
    draw_within: feed(1),
  };
}
