// A teacher that stands for the student's own weights: those that training began with, or those of a later step.

import type { SamplingClient, TrainingClient } from '../tinker/clients.ts';
import { openReferenceModel } from '../training/reference_model.ts';
import type { TrainingContext } from '../training/types.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import { isString } from '../util/json_shape.ts';

type Weights = Parameters<typeof openReferenceModel>[1];

export class SyncedTeacher {
  readonly #weights: Weights;
  readonly #context: TrainingContext;
  readonly #every: number | null;
  /** Where weights lie that were saved for it and not deleted since; it has the last. None: it has those of the beginning. */
  #paths: string[] = [];
  #client: SamplingClient | null = null;

  constructor(weights: Weights, context: TrainingContext, every: number | null) {
    this.#weights = weights;
    this.#context = context;
    this.#every = every;
  }

  /** What the checkpoint that an attempt goes on from says of it: to be told before `state` is asked. */
  restore(state: JsonObject): void {
    this.#paths = pathsIn(state);
  }

  /** For the checkpoints of the run, so that an attempt that goes on from one has the teacher of that step. */
  state(): JsonObject {
    return { teacher_paths: this.#paths };
  }

  /**
   * The teacher of a step. Where it gets the student's weights of that step, they are saved, and it is opened from there, as in an
   * attempt that goes on later; they never expire, since the final checkpoint, which goes on with them, does not either.
   */
  async at(step: number, client: TrainingClient): Promise<SamplingClient> {
    if (this.#every !== null && step > 0 && step % this.#every === 0) {
      const saving = await client.saveWeightsForSampler(`teacher_${String(step).padStart(6, '0')}`);
      const { path } = await saving.result();
      this.#paths = [...this.#paths.filter((known) => known !== path), path];
      const before = this.#client;
      this.#client = await this.#open();
      await before?.close();
      await this.#deleteUnused();
    }
    this.#client ??= await this.#open();
    return this.#client;
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  async #open(): Promise<SamplingClient> {
    const model_path = this.#paths.at(-1);
    if (model_path === undefined) return await openReferenceModel(null, this.#weights, this.#context);
    return await this.#context.service.createSamplingClient({ model_path });
  }

  /** Weights that no checkpoint goes on with are of no use any more. */
  async #deleteUnused(): Promise<void> {
    const records = await this.#context.checkpoints.list();
    const used = new Set([this.#paths.at(-1), ...records.map(({ extra }) => pathsIn(extra?.state).at(-1))]);
    for (const path of this.#paths) if (!used.has(path)) await this.#context.service.deleteCheckpoint(path);
    this.#paths = this.#paths.filter((path) => used.has(path));
  }
}

function pathsIn(state: JsonValue | undefined): string[] {
  const paths = isJsonObject(state) ? state.teacher_paths : undefined;
  return Array.isArray(paths) ? paths.filter(isString) : [];
}
