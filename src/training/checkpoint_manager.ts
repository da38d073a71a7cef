// When a loop saves and what it notes of it: periodic, rolling and final checkpoints (tinker_cookbook/checkpoint_utils.py).

import type { TrainingClient } from '../tinker/clients.ts';
import type { CheckpointRecord, TrainingContext } from './types.ts';

export interface CheckpointPolicy {
  /** Steps between periodic checkpoints; 0 = none. */
  save_every: number;
  /** Steps between rolling checkpoints, of which only the newest is kept; 0 = none. */
  rolling_save_every: number;
  ttl_seconds: number | null;
  rolling_ttl_seconds: number | null;
}

/** Where a loop stands: the next batch, its epoch, and what else it needs to go on. */
export interface LoopState {
  batch: number;
  epoch: number;
  extra: Record<string, number>;
}

type Context = Pick<TrainingContext, 'checkpoints' | 'service' | 'emit'>;

export class CheckpointManager {
  readonly #client: TrainingClient;
  readonly #context: Context;
  readonly #policy: CheckpointPolicy;
  #rolling: CheckpointRecord | null = null;

  constructor(client: TrainingClient, context: Context, policy: CheckpointPolicy) {
    this.#client = client;
    this.#context = context;
    this.#policy = policy;
  }

  /** Whether a checkpoint is due before this step. */
  due(step: number): 'periodic' | 'rolling' | null {
    const every = (steps: number) => steps > 0 && step > 0 && step % steps === 0;
    if (every(this.#policy.save_every)) return 'periodic';
    return every(this.#policy.rolling_save_every) ? 'rolling' : null;
  }

  /** For resuming and for sampling, named after the step. */
  async savePeriodic(state: LoopState): Promise<void> {
    await this.#saveBoth(stepName(state.batch), state, this.#policy.ttl_seconds);
  }

  /** For resuming only; the one before is deleted once this one is safe. */
  async saveRolling(state: LoopState): Promise<void> {
    const name = stepName(state.batch);
    const saved = await (
      await this.#client.saveState(name, { ttl_seconds: this.#policy.rolling_ttl_seconds })
    ).result();
    const record = { name, ...state, rolling: true, state_path: saved.path };
    await this.#append(record);
    await this.#dropRolling();
    this.#rolling = record;
  }

  /** Never expires. Returns where its weights for sampling are. */
  async saveFinal(state: LoopState): Promise<string> {
    const record = await this.#saveBoth('final', state, null, { final: true });
    return record.sampler_path;
  }

  async #saveBoth(name: string, state: LoopState, ttl_seconds: number | null, flags: { final?: boolean } = {}) {
    const states = await this.#client.saveState(name, { ttl_seconds });
    const weights = await this.#client.saveWeightsForSampler(name, { ttl_seconds });
    const state_path = (await states.result()).path;
    const sampler_path = (await weights.result()).path;
    const record = { name, ...state, ...flags, state_path, sampler_path };
    await this.#append(record);
    await this.#dropRolling();
    return record;
  }

  async #append(record: CheckpointRecord): Promise<void> {
    await this.#context.checkpoints.append(record);
    this.#context.emit({ type: 'checkpoint', record });
  }

  async #dropRolling(): Promise<void> {
    const old = this.#rolling;
    if (old?.state_path === undefined) return;
    this.#rolling = null;
    await this.#context.checkpoints.remove(old.name);
    await this.#context.service.deleteCheckpoint(old.state_path);
  }
}

/** The newest record that training can resume from, or null. */
export function lastState(records: readonly CheckpointRecord[]): (CheckpointRecord & { state_path: string }) | null {
  const record = records.findLast(({ state_path }) => state_path !== undefined);
  return record?.state_path === undefined ? null : { ...record, state_path: record.state_path };
}

function stepName(step: number): string {
  return String(step).padStart(6, '0');
}
