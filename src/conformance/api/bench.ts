// What a check of a service works with: clients of its own, given back when it ends, and a state that all checks begin from.

import type { SamplingClient, ServiceClient, TrainingClient } from '../../tinker/clients.ts';
import type { AdamParams, Datum } from '../../tinker/types.ts';
import { type Bench, CLOSE_MS, within } from '../check.ts';
import { ADAM, BATCH, logprobsOf, lossOf, RANK } from '../data.ts';

export interface ApiTarget {
  /** What to train. */
  model: string;
  /** A client of its own for each check; they share checkpoints. */
  open(): ServiceClient;
}

/** What is left behind when a check could not delete it vanishes after an hour, where the service lets checkpoints expire. */
const KEEP = { ttl_seconds: 3600 };

/** One run over a service. */
export class ApiKit {
  readonly target: ApiTarget;
  /** Names of checkpoints differ, also where two runs share a service. */
  readonly #prefix = `conformance-${Math.floor(performance.timeOrigin + performance.now()).toString(36)}`;
  #names = 0;
  #state: Promise<string> | null = null;
  /** What saves the state, until it has. */
  #saving: ServiceClient | null = null;

  constructor(target: ApiTarget) {
    this.target = target;
  }

  bench = (): ApiBench => new ApiBench(this);

  name(): string {
    return `${this.#prefix}-${this.#names++}`;
  }

  /** A model that has taken a step, saved with its optimizer; once for all checks. */
  state(): Promise<string> {
    this.#state ??= this.#saveState();
    return this.#state;
  }

  /** Deletes the state. */
  async close(): Promise<void> {
    await this.#saving?.close();
    const path = await this.#state?.catch(() => null);
    if (path) await deleteAndClose(this.target.open(), [path]);
  }

  async #saveState(): Promise<string> {
    const service = this.target.open();
    this.#saving = service;
    try {
      const client = await service.createLoraTrainingClient({ base_model: this.target.model, rank: RANK, seed: 1 });
      await step(client);
      return (await (await client.saveState(this.name(), KEEP)).result()).path;
    } finally {
      this.#saving = null;
      await service.close();
    }
  }
}

export class ApiBench implements Bench {
  readonly service: ServiceClient;
  readonly model: string;
  readonly #kit: ApiKit;
  readonly #made: string[] = [];

  constructor(kit: ApiKit) {
    this.#kit = kit;
    this.model = kit.target.model;
    this.service = kit.target.open();
  }

  /** A new adapter. */
  create(): Promise<TrainingClient> {
    return this.service.createLoraTrainingClient({ base_model: this.model, rank: RANK, seed: 1 });
  }

  /** A model that goes on from the state that all of them go on from. */
  async trained(): Promise<TrainingClient> {
    return await this.service.createTrainingClientFromStateWithOptimizer(await this.#kit.state());
  }

  /** Two that are the same until they are trained differently. */
  async twins(): Promise<[TrainingClient, TrainingClient]> {
    return [await this.trained(), await this.trained()];
  }

  async sampler(): Promise<SamplingClient> {
    return await this.service.createSamplingClient({ base_model: this.model });
  }

  async saveState(client: TrainingClient): Promise<string> {
    return this.#deletedLater((await (await client.saveState(this.#kit.name(), KEEP)).result()).path);
  }

  async saveForSampler(client: TrainingClient): Promise<string> {
    return this.#deletedLater((await (await client.saveWeightsForSampler(this.#kit.name(), KEEP)).result()).path);
  }

  async close(): Promise<void> {
    await deleteAndClose(this.service, this.#made);
  }

  #deletedLater(path: string): string {
    this.#made.push(path);
    return path;
  }
}

/** What the service does not delete in time is left to it. */
async function deleteAndClose(service: ServiceClient, paths: readonly string[]): Promise<void> {
  await within(Promise.allSettled(paths.map((path) => service.deleteCheckpoint(path))), CLOSE_MS, []);
  await service.close();
}

/** A step of cross-entropy; its loss. */
export async function step(client: TrainingClient, data: Datum[] = BATCH, adam: Partial<AdamParams> = {}) {
  const pass = await client.forwardBackward(data, 'cross_entropy');
  const update = await client.optimStep({ ...ADAM, ...adam });
  const loss = lossOf(await pass.result());
  await update.result();
  return loss;
}

export async function scored(client: TrainingClient, data: Datum[] = BATCH): Promise<number[]> {
  return logprobsOf(await (await client.forward(data, 'cross_entropy')).result());
}
