// The jobs of a sweep on a Ray cluster, looked at together: one request tells how all of them are.

import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../util/errors.ts';
import type { RayApi, RayJobInfo } from './api.ts';

/** How a job ended. */
export interface RayEnd {
  /** As `Job.ended` says it. */
  text: string;
  /** It has never begun: for too long there was no room for it. */
  isUnstarted: boolean;
}

interface Watched {
  settle(end: RayEnd): void;
  /** Looks in a row that have not seen it. */
  missed: number;
}

/** A list that was made while a job came to be may lack it. */
const MOST_MISSED = 3;

export class RayCluster {
  readonly api: RayApi;
  readonly #pollMs: number;
  readonly #watched = new Map<string, Watched>();
  #isPolling = false;

  constructor(api: RayApi, pollMs: number) {
    this.api = api;
    this.#pollMs = pollMs;
  }

  /** Resolves when a job has ended, or the cluster has forgotten it or does not answer any more. */
  ended(id: string): Promise<RayEnd> {
    return new Promise((resolve) => {
      this.#watched.set(id, { settle: resolve, missed: 0 });
      if (!this.#isPolling) void this.#poll();
    });
  }

  async #poll(): Promise<void> {
    this.#isPolling = true;
    let patience = this.api.patience();
    while (this.#watched.size > 0) {
      await sleep(this.#pollMs);
      try {
        this.#see(await this.api.jobs());
        patience.calm();
      } catch (error) {
        try {
          await patience.again(error);
        } catch (last) {
          // The runs themselves may well go on: whoever is told looks at their directories.
          for (const id of [...this.#watched.keys()])
            this.#settle(id, `nothing is known of its job: ${messageOf(last)}`);
          patience = this.api.patience();
        }
      }
    }
    this.#isPolling = false;
  }

  #see(jobs: ReadonlyMap<string, RayJobInfo>): void {
    for (const [id, watched] of [...this.#watched]) {
      const job = jobs.get(id);
      watched.missed = job === undefined ? watched.missed + 1 : 0;
      if (watched.missed === MOST_MISSED) this.#settle(id, 'Ray does not know its job any more');
      else if (job !== undefined && isOver(job)) this.#settle(id, endOf(job), isUnstarted(job));
    }
  }

  #settle(id: string, text: string, isUnstarted = false): void {
    this.#watched.get(id)?.settle({ text, isUnstarted });
    this.#watched.delete(id);
  }
}

export function isOver({ status }: RayJobInfo): boolean {
  return status === 'STOPPED' || status === 'SUCCEEDED' || status === 'FAILED';
}

const isUnstarted = ({ errorType }: RayJobInfo) => errorType === 'JOB_SUPERVISOR_ACTOR_START_TIMEOUT';

function endOf({ status, message }: RayJobInfo): string {
  if (status === 'SUCCEEDED') return 'its job ended';
  return status === 'STOPPED' ? 'its job was stopped' : `its job failed (${message})`;
}
