// A model in training over plain HTTP: its requests with their numbers, each sent as the check says.

import type { AdamParams, Datum, ForwardBackwardOutput } from '../../tinker/types.ts';
import {
  decodeForwardBackwardOutput,
  encodeForwardBackwardRequest,
  type ForwardBackwardRequest,
} from '../../tinker/wire/forward_backward.ts';
import type { ExactJsonObject } from '../../tinker/wire/json.ts';
import { fieldOf, textAt } from '../../tinker/wire/json_fields.ts';
import { forwardBackwardOutputAt, forwardBackwardRequestJson } from '../../tinker/wire/json_messages.ts';
import { logprobsOf, lossOf } from '../data.ts';
import { isOk, PROTOBUF, type Promised, promiseOf, type Reply, type WireBench } from './bench.ts';

/** Whether passes are sent as JSON; null until the server has taken one. */
export interface PassForm {
  isJson: boolean | null;
}

interface ModelHost {
  session: string;
  wire: WireBench;
  form: PassForm;
}

export interface PassOptions {
  loss_fn?: string;
  loss_fn_config?: Record<string, number | string>;
  forward_only?: boolean;
}

export class WireModel {
  readonly id: string;
  readonly session: string;
  readonly #host: ModelHost;
  #seq = 0;

  constructor(id: string, host: ModelHost) {
    this.id = id;
    this.session = host.session;
    this.#host = host;
  }

  /** The model and the number of its next request. */
  next(): { model_id: string; seq_id: number } {
    return { model_id: this.id, seq_id: ++this.#seq };
  }

  /** A request that was promised. Under a number of the past it is the same request once more. */
  async pass(data: Datum[], options: PassOptions = {}, numbers = this.next()): Promise<Promised> {
    const { loss_fn = 'cross_entropy', loss_fn_config = {}, forward_only = false } = options;
    const { wire } = this.#host;
    const reply = await this.sendPass({ ...numbers, data, loss_fn, loss_fn_config, forward_only });
    return promiseOf(wire.objectOf('POST forward_backward', reply));
  }

  /** In protobuf, or in JSON to servers that know no other form. */
  async sendPass(request: ForwardBackwardRequest): Promise<Reply> {
    const { wire, form } = this.#host;
    const asJson = () =>
      wire.post(request.forward_only ? 'forward' : 'forward_backward', forwardBackwardRequestJson(request));
    if (form.isJson === true) return await asJson();
    const body = { bytes: encodeForwardBackwardRequest(request), type: PROTOBUF };
    const reply = await wire.send('POST', 'forward_backward', { body });
    if (isOk(reply)) form.isJson = false;
    if (isOk(reply) || form.isJson === false) return reply;
    const other = await asJson();
    if (!isOk(other)) return reply;
    form.isJson = true;
    return other;
  }

  async passed(data: Datum[], options: PassOptions = {}): Promise<ForwardBackwardOutput> {
    return outputOf(await this.#host.wire.outcome(await this.pass(data, options)));
  }

  async scored(data: Datum[]): Promise<number[]> {
    return logprobsOf(await this.passed(data, { forward_only: true }));
  }

  async step(adam: Partial<AdamParams>, numbers = this.next()): Promise<void> {
    await this.#host.wire.done('optim_step', { ...numbers, adam_params: { ...adam }, type: 'optim_step' });
  }

  /** A pass and a step; the loss. */
  async train(data: Datum[], adam: Partial<AdamParams>): Promise<number> {
    const loss = lossOf(await this.passed(data));
    await this.step(adam);
    return loss;
  }

  async save(name: string, more: ExactJsonObject = {}): Promise<string> {
    const body = { ...this.next(), path: name, overwrite: false, ttl_seconds: 3600, type: 'save_weights', ...more };
    return textAt(fieldOf(await this.#host.wire.done('save_weights', body), 'path'), 'path');
  }
}

export function outputOf(reply: Reply): ForwardBackwardOutput {
  return reply.type === PROTOBUF ? decodeForwardBackwardOutput(reply.bytes) : forwardBackwardOutputAt(reply.json);
}
