// A service that trains one number and keeps it in files: what a checkpoint costs least of all.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../../src/registry/builder.ts';
import type { ServiceClient } from '../../../src/tinker/clients.ts';
import { LOCAL_PREFIX, localCheckpoint } from '../../../src/tinker/local_path.ts';
import { serviceSlot } from '../../../src/tinker/service.ts';
import type { SavingClient } from '../../../src/training/checkpoint_manager.ts';
import { DivergedError } from '../../../src/util/errors.ts';
import { putDirectory, temporaryDirectoryFor, tidyDirectories } from '../../../src/util/replace_directory.ts';

/** What is more counts as no number. */
const MOST = 1e250;

export class NumberClient implements SavingClient {
  readonly #checkpoints: string;
  #value: number;

  private constructor(checkpoints: string, value: number) {
    this.#checkpoints = checkpoints;
    this.#value = value;
  }

  static async open(checkpoints: string, statePath: string | null): Promise<NumberClient> {
    if (statePath === null) return new NumberClient(checkpoints, 1);
    const text = await readFile(join(checkpoints, localCheckpoint(statePath) ?? '', 'number.json'), 'utf8');
    return new NumberClient(checkpoints, JSON.parse(text));
  }

  get value(): number {
    return this.#value;
  }

  /** Submitted steps are taken in their order; each result is what the number was then. */
  step(towards: number, rate: number): { result(): Promise<number> } {
    this.#value += rate * (towards - this.#value);
    const reached = this.#value;
    return { result: async () => reached };
  }

  saveState = (name: string) => this.#save('weights', name);
  saveWeightsForSampler = (name: string) => this.#save('sampler_weights', name);

  async #save(kind: string, name: string) {
    if (Math.abs(this.#value) > MOST) throw new DivergedError('the number is not saved');
    const path = join(this.#checkpoints, kind, name);
    const temporary = temporaryDirectoryFor(path);
    await tidyDirectories(join(this.#checkpoints, kind), name);
    await mkdir(temporary, { recursive: true });
    await writeFile(join(temporary, 'number.json'), JSON.stringify(this.#value));
    await putDirectory(temporary, path);
    return { result: async () => ({ path: `${LOCAL_PREFIX}${kind}/${name}` }) };
  }
}

const unused = (): never => {
  throw new Error('only numbers are trained here');
};

export const numberService = defineBuilder({
  slot: serviceSlot,
  name: 'number',
  version: 1,
  doc: 'Keeps numbers.',
  params: Type.Object({}),
  build: (_params, { checkpointsPath }): ServiceClient => ({
    createLoraTrainingClient: unused,
    getServerCapabilities: unused,
    createTrainingClientFromState: unused,
    createTrainingClientFromStateWithOptimizer: unused,
    createSamplingClient: unused,
    deleteCheckpoint: (path) =>
      rm(join(checkpointsPath, localCheckpoint(path) ?? unused()), { recursive: true, force: true }),
    close: async () => undefined,
  }),
});
