// What the checks of the HTTP share: a state that models begin from, and which of two forms the server takes.

import type { ExactJsonObject } from '../../tinker/wire/json.ts';
import { fieldOf, integerAt, textAt } from '../../tinker/wire/json_fields.ts';
import type { Bench } from '../check.ts';
import { ADAM, BATCH, RANK } from '../data.ts';
import { isOk, promiseOf, WireBench, type WireTarget } from './bench.ts';
import { type PassForm, WireModel } from './model.ts';
import { WireSampler } from './sampler.ts';

export class WireKit {
  readonly target: WireTarget;
  readonly form: PassForm = { isJson: null };
  readonly #prefix = `wire-${Math.floor(performance.timeOrigin + performance.now()).toString(36)}`;
  #names = 0;
  #state: Promise<string> | null = null;
  /** What saves the state, until it has. */
  #saving: WireTools | null = null;

  constructor(target: WireTarget) {
    this.target = target;
  }

  bench = (): WireTools => new WireTools(this);

  name(): string {
    return `${this.#prefix}-${this.#names++}`;
  }

  /** A model that has taken a step, saved with its optimizer; once for all checks. */
  state(): Promise<string> {
    this.#state ??= this.#saveState();
    return this.#state;
  }

  async close(): Promise<void> {
    await this.#saving?.close();
    const path = await this.#state?.catch(() => null);
    if (!path) return;
    const bench = new WireBench(this.target);
    bench.deletedLater(path);
    await bench.close();
  }

  async #saveState(): Promise<string> {
    const tools = new WireTools(this);
    this.#saving = tools;
    try {
      const model = await tools.create();
      await model.passed(BATCH);
      await model.step(ADAM);
      return await model.save(this.name());
    } finally {
      this.#saving = null;
      await tools.close();
    }
  }
}

/** The tools of one check. */
export class WireTools implements Bench {
  readonly wire: WireBench;
  readonly model: string;
  readonly #kit: WireKit;
  #session: Promise<string> | null = null;
  #models = 0;
  #samplers = 0;

  constructor(kit: WireKit) {
    this.#kit = kit;
    this.wire = new WireBench(kit.target);
    this.model = kit.target.model;
  }

  /** A name for a checkpoint. */
  name(): string {
    return this.#kit.name();
  }

  /** The session that models and samplers of the check are made in. */
  session(): Promise<string> {
    this.#session ??= this.wire.session();
    return this.#session;
  }

  nextModelSeqId = (): number => this.#models++;
  nextSamplingSeqId = (): number => this.#samplers++;

  /** A new adapter. */
  async create(more: ExactJsonObject = {}): Promise<WireModel> {
    const session_id = await this.session();
    const model_seq_id = this.nextModelSeqId();
    const made = await this.wire.done('create_model', {
      session_id,
      model_seq_id,
      base_model: this.model,
      lora_config: { rank: RANK, seed: 1, train_unembed: true, train_mlp: true, train_attn: true },
      type: 'create_model',
      ...more,
    });
    return this.modelOf(textAt(fieldOf(made, 'model_id'), 'model_id'), session_id);
  }

  modelOf(id: string, session: string): WireModel {
    return new WireModel(id, { session, wire: this.wire, form: this.#kit.form });
  }

  state(): Promise<string> {
    return this.#kit.state();
  }

  /** A model that goes on from the state that all of them go on from. */
  async trained(): Promise<WireModel> {
    return await this.resumed(await this.state());
  }

  /** As the newest SDK resumes where the server knows that, else as the older ones do. */
  async resumed(path: string): Promise<WireModel> {
    const session_id = await this.session();
    const model_seq_id = this.nextModelSeqId();
    const load = { session_id, model_seq_id, path, optimizer: true, type: 'load_weights' };
    const reply = await this.wire.post('load_weights', load);
    if (!isOk(reply)) return await this.resumedInto(path);
    await this.wire.outcome(promiseOf(this.wire.objectOf('POST load_weights', reply)));
    return this.modelOf(`${session_id}:train:${model_seq_id}`, session_id);
  }

  /** The three requests of SDKs up to 0.25. */
  async resumedInto(path: string, optimizer = true): Promise<WireModel> {
    const info = await this.wire.granted('weights_info', { tinker_path: path });
    const flag = (name: string) => fieldOf(info, name) !== false;
    const model = await this.create({
      base_model: textAt(fieldOf(info, 'base_model'), 'base_model'),
      lora_config: {
        rank: integerAt(fieldOf(info, 'lora_rank'), 'lora_rank'),
        train_unembed: flag('train_unembed'),
        train_mlp: flag('train_mlp'),
        train_attn: flag('train_attn'),
      },
    });
    await this.wire.done('load_weights', { ...model.next(), path, optimizer, type: 'load_weights' });
    return model;
  }

  /** Of the base model, or of what `source` names. */
  async sampler(source: ExactJsonObject = { base_model: this.model }): Promise<WireSampler> {
    const answer = await this.wire.granted('create_sampling_session', {
      session_id: await this.session(),
      sampling_session_seq_id: this.nextSamplingSeqId(),
      type: 'create_sampling_session',
      ...source,
    });
    return new WireSampler(textAt(fieldOf(answer, 'sampling_session_id'), 'sampling_session_id'), this.wire);
  }

  close(): Promise<void> {
    return this.wire.close();
  }
}
