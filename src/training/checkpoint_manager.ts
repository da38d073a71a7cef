// When a loop saves and what it notes of it: periodic, rolling, best and final checkpoints (tinker_cookbook/checkpoint_utils.py).

import type { TrainingClient } from '../tinker/clients.ts';
import type { JsonObject } from '../util/json.ts';
import { type Cadence, isDue, type Position } from './cadence.ts';
import type { CheckpointRecord, TrainingContext } from './types.ts';

/** Cadences that are 0 or left out make no such checkpoints. */
export interface CheckpointPolicy {
  /** Between checkpoints to resume and to sample from, which stay. */
  save_every?: number;
  save_every_tokens?: number;
  save_every_seconds?: number;
  /** Between checkpoints to resume from, of which only the newest is kept. */
  rolling_save_every?: number;
  rolling_save_every_tokens?: number;
  rolling_save_every_seconds?: number;
  /** How long a service keeps them; null = for ever. */
  ttl_seconds?: number | null;
  rolling_ttl_seconds?: number | null;
}

/** What is saved of a training client. */
export type SavingClient = Pick<TrainingClient, 'saveState' | 'saveWeightsForSampler'>;

/** Where a loop stands: the next batch, its epoch, and what else it needs to go on. */
export interface LoopState {
  batch: number;
  epoch: number;
  extra: JsonObject;
}

type Context = Pick<TrainingContext, 'checkpoints' | 'service' | 'emit' | 'lost'>;

export class CheckpointManager {
  readonly #client: SavingClient;
  readonly #context: Context;
  readonly #policy: CheckpointPolicy;
  readonly #cadences: { periodic: Cadence; rolling: Cadence };
  /** Of the last checkpoint that stays, and of the last of any kind. */
  readonly #last: { periodic: Position; rolling: Position };
  #records: CheckpointRecord[];

  /** `records`: those of the attempts before; `start`: where this one begins. */
  constructor(
    client: SavingClient,
    context: Context,
    { policy, records, start }: { policy: CheckpointPolicy; records: readonly CheckpointRecord[]; start: Position },
  ) {
    this.#client = client;
    this.#context = context;
    this.#policy = policy;
    this.#records = [...records];
    this.#last = { periodic: start, rolling: start };
    this.#cadences = {
      periodic: cadence(policy.save_every, policy.save_every_tokens, policy.save_every_seconds),
      rolling: cadence(policy.rolling_save_every, policy.rolling_save_every_tokens, policy.rolling_save_every_seconds),
    };
  }

  /** Whether a checkpoint is due at this position. */
  due(now: Position): 'periodic' | 'rolling' | null {
    if (isDue(this.#cadences.periodic, now, this.#last.periodic)) return 'periodic';
    return isDue(this.#cadences.rolling, now, this.#last.rolling) ? 'rolling' : null;
  }

  /** Whether nothing was saved since this position was reached, and there is something to save. */
  isBehind({ step }: Position): boolean {
    return step > this.#last.rolling.step;
  }

  /** Named after the step. A periodic one is for resuming and for sampling, a rolling one for resuming only. */
  async save(kind: 'periodic' | 'rolling', state: LoopState, now: Position): Promise<void> {
    if (kind === 'periodic') {
      await this.#saveBoth(stepName(state.batch), state, this.#policy.ttl_seconds);
      this.#last.periodic = now;
    } else await this.saveRolling(state);
    this.#last.rolling = now;
  }

  /** The one before is deleted once this one is safe. */
  async saveRolling(state: LoopState): Promise<void> {
    const name = stepName(state.batch);
    await this.#release(name);
    this.#context.lost.throwIfAborted();
    const saving = await this.#client.saveState(name, { ttl_seconds: this.#policy.rolling_ttl_seconds });
    await this.#note({ name, ...state, rolling: true, state_path: (await saving.result()).path });
  }

  /** Never expires. Returns where its weights for sampling are. */
  async saveFinal(state: LoopState): Promise<string> {
    const { sampler_path } = await this.#saveBoth('final', state, null, { final: true });
    return sampler_path;
  }

  /**
   * Never expires, and the one before is deleted once this one is safe. It has a name of its own, since a periodic one of the
   * same step may expire. Does nothing where an attempt before has saved it.
   */
  async saveBest(state: LoopState, now: Position): Promise<void> {
    const name = `best-${stepName(state.batch)}`;
    this.#last.rolling = now;
    if (this.#records.some((record) => record.name === name)) return;
    await this.#saveBoth(name, state, null, { best: true });
    await this.dropOlderBest();
  }

  /** Deletes the checkpoints that were the best, but for the last one. */
  async dropOlderBest(): Promise<void> {
    const newest = this.#records.findLast(({ best }) => best === true);
    await this.#drop(({ best, name }) => best === true && name !== newest?.name);
  }

  /** Deletes the rolling checkpoints but for this one. Files go first: of what still has a record nothing is forgotten. */
  async dropRolling(kept: string): Promise<void> {
    await this.#drop(({ rolling, name }) => rolling === true && name !== kept);
  }

  async #drop(isDropped: (record: CheckpointRecord) => boolean): Promise<void> {
    for (const { name, state_path, sampler_path } of this.#records.filter(isDropped)) {
      for (const path of [state_path, sampler_path]) {
        if (path !== undefined) await this.#delete(path);
      }
      await this.#context.checkpoints.remove(name);
    }
    this.#records = this.#records.filter((record) => !isDropped(record));
  }

  /** Deletes all of them, so that the next attempt starts from the beginning. What a kill leaves of it has no record, and is tidied up. */
  async dropAll(): Promise<void> {
    for (const { name, state_path, sampler_path } of this.#records) {
      await this.#context.checkpoints.remove(name);
      for (const path of [state_path, sampler_path]) {
        if (path !== undefined) await this.#delete(path);
      }
    }
    this.#records = [];
  }

  async #saveBoth(
    name: string,
    state: LoopState,
    ttl_seconds: number | null | undefined,
    flags: Pick<CheckpointRecord, 'final' | 'best'> = {},
  ) {
    await this.#release(name);
    this.#context.lost.throwIfAborted();
    const states = await this.#client.saveState(name, { ttl_seconds });
    this.#context.lost.throwIfAborted();
    const weights = await this.#client.saveWeightsForSampler(name, { ttl_seconds });
    const [{ path: state_path }, { path: sampler_path }] = [await states.result(), await weights.result()];
    const record = { name, ...state, ...flags, state_path, sampler_path };
    await this.#note(record);
    return record;
  }

  /** Another process that has taken the directory may have a record that points there. */
  async #delete(path: string): Promise<void> {
    this.#context.lost.throwIfAborted();
    await this.#context.service.deleteCheckpoint(path);
  }

  /** A name is given to other contents only when no record points at it any more. */
  async #release(name: string): Promise<void> {
    if (!this.#records.some((record) => record.name === name)) return;
    await this.#context.checkpoints.remove(name);
    this.#records = this.#records.filter((record) => record.name !== name);
  }

  async #note(record: CheckpointRecord): Promise<void> {
    await this.#context.checkpoints.append(record);
    this.#records.push(record);
    this.#context.emit({ type: 'checkpoint', record });
    await this.dropRolling(record.name);
  }
}

function cadence(steps = 0, tokens = 0, seconds = 0): Cadence {
  return { steps, tokens, seconds };
}

function stepName(step: number): string {
  return String(step).padStart(6, '0');
}
