// The processes of an environment: an episode is begun in the one that has the fewest, and one that has died is started again.

import { setTimeout as sleep } from 'node:timers/promises';
import { unlessAborted } from '../../util/abort.ts';
import type { JsonObject } from '../../util/json.ts';
import { RolloutFailure } from '../rollout_failure.ts';
import { type TellUnknown, wrongAnswer } from './messages.ts';
import { ExternalProcess, type ProcessOptions } from './process.ts';
import { type ExternalRequest, type FirstMessages, firstIn, type Hello, helloIn, VERSIONS } from './protocol.ts';

export interface PoolOptions extends Pick<ProcessOptions, 'command'> {
  processes: number;
  startSeconds: number;
  requestSeconds: number;
  notify(message: string): void;
  warn(message: string): void;
}

/** Wait before another start, doubled with each that fails in a row. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;

/** Where one process after another runs. */
interface Place {
  readonly number: number;
  process: Promise<ExternalProcess> | null;
  /** The same from its start on, before it has said hello. */
  running: ExternalProcess | null;
  /** Episodes that are under way. */
  episodes: number;
  /** Starts that have failed in a row. */
  failures: number;
}

/** One episode, in the process that it was begun in. */
export interface ExternalEpisode {
  first: FirstMessages;
  step(message: JsonObject, signal?: AbortSignal): Promise<JsonObject>;
  /** Called once. @param isOver the program has said so itself */
  leave(isOver: boolean): void;
}

export class EnvironmentPool {
  readonly #options: PoolOptions;
  readonly #places: Place[];
  /** Whoever waits for a process that is free. */
  readonly #waiting: (() => void)[] = [];
  readonly #unknown = new Set<string>();
  #hello: Hello | null = null;
  #episodes = 0;
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#places = Array.from({ length: options.processes }, (_, number) => ({
      number,
      process: null,
      running: null,
      episodes: 0,
      failures: 0,
    }));
  }

  /** What the environment says of itself. Starts a process. */
  async hello(): Promise<Hello> {
    const [first] = this.#places;
    if (this.#hello === null) await this.#processAt(first);
    if (this.#hello === null) throw wrongAnswer('it has not said hello');
    return this.#hello;
  }

  /** @throws RolloutFailure where the process cannot be started, or does not begin an episode as it should */
  async begin({ task, seed }: { task: number; seed: number }, signal?: AbortSignal): Promise<ExternalEpisode> {
    const place = await this.#freePlace(signal);
    const process = await unlessAborted(signal, this.#processAt(place)).catch((error: unknown) => {
      this.#vacate(place);
      throw error;
    });
    const episode = String(this.#episodes++);
    const ask = (request: ExternalRequest, signal?: AbortSignal) =>
      process.ask(request, this.#options.requestSeconds, signal);
    const leave = (isOver: boolean) => {
      this.#vacate(place);
      // A process that has gone knows nothing of it any more.
      if (!isOver && process.failure === null) void ask({ method: 'close', episode }).catch(() => undefined);
    };
    try {
      const first = firstIn(await ask({ method: 'reset', episode, task, seed }, signal), this.tellUnknown);
      return { first, step: (message, signal) => ask({ method: 'step', episode, message }, signal), leave };
    } catch (error) {
      leave(false);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#places.map((place) => place.running?.end()));
  }

  /** Each is told of once. */
  readonly tellUnknown: TellUnknown = (fields) => {
    for (const field of fields) {
      if (this.#unknown.has(field) || this.#unknown.size === MOST_UNKNOWN) continue;
      this.#unknown.add(field);
      this.#options.warn(
        `the environment says ${JSON.stringify(field)}, which the protocol has no use for: it is ignored`,
      );
    }
  };

  async #freePlace(signal?: AbortSignal): Promise<Place> {
    const { concurrent } = await this.hello();
    while (true) {
      signal?.throwIfAborted();
      const place = this.#places.reduce((a, b) => (b.episodes < a.episodes ? b : a));
      if (concurrent || place.episodes === 0) {
        place.episodes++;
        return place;
      }
      let wake = () => {};
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      this.#waiting.push(wake);
      try {
        await unlessAborted(signal, woken);
      } catch (error) {
        // Its turn may have come at the same moment: then it is another's.
        const at = this.#waiting.indexOf(wake);
        if (at === -1) this.#waiting.shift()?.();
        else this.#waiting.splice(at, 1);
        throw error;
      }
    }
  }

  #vacate(place: Place): void {
    place.episodes--;
    this.#waiting.shift()?.();
  }

  async #processAt(place: Place): Promise<ExternalProcess> {
    const failure = place.running?.failure ?? null;
    if (failure !== null) {
      this.#options.notify(`the environment's process ${place.number} is started again: ${failure.message}`);
      place.running = null;
      place.process = null;
    }
    place.process ??= this.#start(place);
    return await place.process;
  }

  async #start(place: Place): Promise<ExternalProcess> {
    const { command, startSeconds, notify } = this.#options;
    if (place.failures > 0) await sleep(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** place.failures));
    if (this.#isClosed) throw new RolloutFailure('external_died', 'nobody needs it any more');
    const process = new ExternalProcess({ command, onWords: (line) => notify(`environment: ${line}`) });
    place.running = process;
    try {
      const answer = await process.ask({ method: 'hello', protocol: VERSIONS }, startSeconds);
      this.#greet(helloIn(answer, this.tellUnknown));
      place.failures = 0;
      return process;
    } catch (error) {
      place.failures++;
      if (place.running === process) {
        place.running = null;
        place.process = null;
      }
      void process.end();
      throw error;
    }
  }

  /** One that comes after another must be the same. */
  #greet(hello: Hello): void {
    this.#hello ??= hello;
    const { name, num_tasks, concurrent } = this.#hello;
    if (hello.name !== name || hello.num_tasks !== num_tasks || hello.concurrent !== concurrent)
      throw new RolloutFailure(
        'external_protocol',
        `it was ${name} with ${num_tasks} tasks, and is ${hello.name} with ${hello.num_tasks} now`,
      );
  }
}

const MOST_UNKNOWN = 20;
