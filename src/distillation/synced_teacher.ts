// A teacher that stands for the student's own weights: those that training began with, or those of a later step.

import type { SamplingClient, TrainingClient } from '../tinker/clients.ts';
import { openReferenceModel } from '../training/reference_model.ts';
import type { TrainingContext } from '../training/types.ts';
import type { JsonObject } from '../util/json.ts';

type Weights = Parameters<typeof openReferenceModel>[1];

export class SyncedTeacher {
  readonly #weights: Weights;
  readonly #context: TrainingContext;
  readonly #every: number | null;
  /** Where the weights lie that it has; null = those of the beginning. */
  #path: string | null = null;
  #client: SamplingClient | null = null;

  constructor(weights: Weights, context: TrainingContext, every: number | null) {
    this.#weights = weights;
    this.#context = context;
    this.#every = every;
  }

  /** For the checkpoints of the run, so that an attempt that goes on from one has the teacher of that step. */
  state(): JsonObject {
    return { teacher_path: this.#path };
  }

  /** The teacher of a step. Where it is to have the student's weights of that step, they are saved first: it is opened from there in any attempt. */
  async at(
    step: number,
    { client, restored }: { client: TrainingClient; restored: JsonObject },
  ): Promise<SamplingClient> {
    if (this.#client === null && typeof restored.teacher_path === 'string') this.#path = restored.teacher_path;
    if (this.#every !== null && step > 0 && step % this.#every === 0) {
      const saving = await client.saveWeightsForSampler(`teacher_${String(step).padStart(6, '0')}`);
      const before = this.#path;
      this.#path = (await saving.result()).path;
      await this.#client?.close();
      this.#client = null;
      await this.#release(before);
    }
    this.#client ??= await this.#open();
    return this.#client;
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  async #open(): Promise<SamplingClient> {
    if (this.#path === null) return await openReferenceModel(null, this.#weights, this.#context);
    return await this.#context.service.createSamplingClient({ model_path: this.#path });
  }

  /** Weights that no checkpoint goes on with are of no use any more. */
  async #release(path: string | null): Promise<void> {
    const records = await this.#context.checkpoints.list();
    const used = records.some(({ extra }) => JSON.stringify(extra?.state) === JSON.stringify({ teacher_path: path }));
    if (path !== null && path !== this.#path && !used) await this.#context.service.deleteCheckpoint(path);
  }
}
