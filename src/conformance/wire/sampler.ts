// A sampler over plain HTTP: its requests with their numbers, each sent as the check says.

import type { SampleResponse } from '../../tinker/types.ts';
import type { ExactJsonObject } from '../../tinker/wire/json.ts';
import { fieldOf, listAt, textAt } from '../../tinker/wire/json_fields.ts';
import { sampleResponseAt } from '../../tinker/wire/json_messages.ts';
import { decodeSampleResponse } from '../../tinker/wire/sample.ts';
import { PROMPT } from '../data.ts';
import { PROTOBUF, type Promised, type Reply, type WireBench } from './bench.ts';

export class WireSampler {
  readonly id: string;
  readonly #wire: WireBench;
  #seq = 0;

  constructor(id: string, wire: WireBench) {
    this.id = id;
    this.#wire = wire;
  }

  /** A request as it would be sent next. */
  request(more: ExactJsonObject = {}): ExactJsonObject {
    return {
      sampling_session_id: this.id,
      seq_id: this.#seq++,
      num_samples: 1,
      prompt: { chunks: [{ type: 'encoded_text', tokens: [...PROMPT] }] },
      sampling_params: { max_tokens: 2, temperature: 1, seed: 1 },
      type: 'sample',
      ...more,
    };
  }

  promised(more: ExactJsonObject = {}): Promise<Promised> {
    return this.#wire.promised('asample', this.request(more));
  }

  async sampled(more: ExactJsonObject = {}): Promise<SampleResponse> {
    return responseOf(await this.#wire.outcome(await this.promised(more)));
  }
}

export function responseOf(reply: Reply): SampleResponse {
  return reply.type === PROTOBUF ? decodeSampleResponse(reply.bytes) : sampleResponseAt(reply.json);
}

/** Empty where a promise names none. */
export function sequenceIdsOf({ answer }: Promised): string[] {
  return listAt(fieldOf(answer, 'sample_sequence_ids') ?? [], 'sample_sequence_ids', textAt);
}
