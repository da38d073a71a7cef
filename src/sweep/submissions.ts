// Hands runs to the executor in as few calls as there can be: those of one size that are ready together go together.

import { RunDirectoryError } from '../util/errors.ts';
import type { Executor, Job } from './executor.ts';
import type { Resources } from './resources.ts';

interface Ready {
  directory: string;
  resolve(job: Job): void;
  reject(error: unknown): void;
}

export class Submissions {
  readonly #executor: Executor;
  readonly #resources: Resources;
  #ready: Ready[] = [];
  #preparing = 0;

  constructor(executor: Executor, resources: Resources) {
    this.#executor = executor;
    this.#resources = resources;
  }

  /**
   * Submits the directory that a preparation gives, as soon as no other run is being prepared: a queue that takes arrays gets
   * the runs of a sweep in one, a machine with two slots gets two.
   */
  async submit(prepare: () => Promise<string>): Promise<Job> {
    this.#preparing += 1;
    let directory: string;
    try {
      directory = await prepare();
    } catch (error) {
      this.#prepared();
      throw error;
    }
    return await new Promise<Job>((resolve, reject) => {
      this.#ready.push({ directory, resolve, reject });
      this.#prepared();
    });
  }

  #prepared(): void {
    this.#preparing -= 1;
    if (this.#preparing > 0 || this.#ready.length === 0) return;
    const ready = this.#ready;
    this.#ready = [];
    void this.#handOver(ready);
  }

  async #handOver(ready: readonly Ready[]): Promise<void> {
    try {
      const jobs = await this.#executor.submit(
        ready.map(({ directory }) => directory),
        this.#resources,
      );
      for (const [i, { directory, resolve, reject }] of ready.entries()) {
        const job = jobs[i];
        if (job === undefined) reject(new RunDirectoryError(`the executor has returned no job for ${directory}`));
        else resolve(job);
      }
    } catch (error) {
      for (const { reject } of ready) reject(error);
    }
  }
}
