// Programs run by a server that speaks SandboxFusion's protocol. What it keeps them from is its own affair; what it answers is
// bounded and checked here, and it is asked again where it fails.

import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { messageOf } from '../../util/errors.ts';
import { printable } from '../../util/printable.ts';
import { requireRun } from '../checked_run.ts';
import type { Sandbox, SandboxOptions, SandboxResult, SandboxRun } from '../types.ts';
import { BadAnswer, HTTP_LANGUAGES, mostSeconds, requestOf, resultOf } from './protocol.ts';

export interface HttpSandboxOptions {
  url: string;
  concurrency: number;
  /** How often a run is asked for again. */
  retries: number;
}

const FIRST_DELAY_MS = 500;
/** Output comes escaped, and twice: six bytes for one at the worst. */
const OVERHEAD_BYTES = 2 ** 20;
const OVERHEAD_FACTOR = 16;

export function httpSandbox(options: HttpSandboxOptions): Sandbox {
  return new HttpSandbox(options);
}

/** No other attempt would end better. */
class Refusal extends Error {}

class HttpSandbox implements Sandbox {
  readonly name = 'http';
  readonly languages = HTTP_LANGUAGES;
  readonly #options: HttpSandboxOptions;
  readonly #limit: <T>(work: () => Promise<T>) => Promise<T>;

  constructor(options: HttpSandboxOptions) {
    this.#options = options;
    this.#limit = pLimit(options.concurrency);
  }

  async run(run: SandboxRun, { signal }: SandboxOptions = {}): Promise<SandboxResult> {
    requireRun(this, run);
    return await this.#limit(async () => {
      signal?.throwIfAborted();
      const began = performance.now();
      const result = await this.#patiently(run, signal);
      return { ...result, seconds: (performance.now() - began) / 1000 };
    });
  }

  async close(): Promise<void> {}

  async #patiently(run: SandboxRun, signal: AbortSignal | undefined): Promise<Omit<SandboxResult, 'seconds'>> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once(run, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof Refusal || attempt >= this.#options.retries) {
          const stderr = printable(`${this.#options.url}: ${messageOf(error)}`);
          return { status: 'unavailable', exit_code: null, stdout: '', stderr };
        }
      }
      await sleep(FIRST_DELAY_MS * 2 ** attempt, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }

  async #once(run: SandboxRun, signal: AbortSignal | undefined): Promise<Omit<SandboxResult, 'seconds'>> {
    const late = AbortSignal.timeout(mostSeconds(run.limits.seconds) * 1000);
    const either = signal === undefined ? late : AbortSignal.any([signal, late]);
    const response = await fetch(this.#options.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(requestOf(run)),
      redirect: 'error',
      signal: either,
    }).catch((error: unknown) => {
      // What fetch says itself is that it failed.
      throw error instanceof Error && error.cause !== undefined ? error.cause : error;
    });
    const text = await boundedText(response, OVERHEAD_BYTES + OVERHEAD_FACTOR * run.limits.output_bytes);
    if (!response.ok) {
      const problem = `HTTP ${response.status}: ${text.slice(0, 300)}`;
      throw response.status >= 500 || response.status === 429 ? new BadAnswer(problem) : new Refusal(problem);
    }
    return resultOf(parsed(text), run.limits.output_bytes);
  }
}

async function boundedText({ body }: Response, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > most) throw new BadAnswer(`an answer of more than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadAnswer('an answer that is no JSON');
  }
}
