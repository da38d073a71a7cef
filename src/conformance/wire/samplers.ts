// Checks of samplers: what is promised of samples, and what a sampler tells of itself.

import { fieldOf, textAt } from '../../tinker/wire/json_fields.ts';
import { type Check, demand, skip } from '../check.ts';
import { distance, LOGPROB_TOLERANCE, PROMPT } from '../data.ts';
import { EVERY, NONE, since } from '../versions.ts';
import type { WireTools } from './kit.ts';
import { sequenceIdsOf } from './sampler.ts';

export const SAMPLER_CHECKS: readonly Check<WireTools>[] = [
  {
    id: 'samplers/sequence-ids',
    shows: 'each sample has a name, which is promised at once, stays the same for the same request, and is given once',
    needed: since('0.38.0'),
    async run(tools) {
      const { wire } = tools;
      const sampler = await tools.sampler();
      const body = sampler.request({ num_samples: 3 });
      const [first, again] = [await wire.promised('asample', body), await wire.promised('asample', body)];
      const ids = sequenceIdsOf(first);
      demand(ids.length === 3, `${ids.length} sample_sequence_ids for 3 samples`);
      demand(`${ids}` === `${sequenceIdsOf(again)}`, 'the same request is promised other names');
      const other = sequenceIdsOf(await sampler.promised({ num_samples: 3 }));
      const all = [...ids, ...other];
      demand(new Set(all).size === all.length && !all.includes(''), `names are given twice: ${all.join(', ')}`);
      await wire.outcome(first);
    },
  },
  {
    id: 'samplers/sent-twice',
    shows: 'a request for samples that is sent again is the same promise',
    needed: EVERY,
    async run(tools) {
      const { wire } = tools;
      const body = (await tools.sampler()).request();
      const ids: string[] = [];
      for (let i = 0; i < 2; i++) ids.push((await wire.promised('asample', body)).request_id);
      demand(ids[0] === ids[1], `the same request got the ids ${ids.join(' and ')}`);
    },
  },
  {
    id: 'samplers/info',
    shows: 'a sampler tells its base model: one of a model, of a path, and of weights in training',
    needed: since('0.25.0'),
    async run(tools) {
      const { wire, model: base } = tools;
      const model = await tools.trained();
      const saved = await wire.done('save_weights_for_sampler', {
        ...model.next(),
        path: tools.name(),
        ttl_seconds: 3600,
      });
      const path = wire.deletedLater(textAt(fieldOf(saved, 'path'), 'path'));
      const numbers = { ...model.next(), sampling_session_seq_id: tools.nextSamplingSeqId() };
      const snapshot = await wire.done('save_weights_for_sampler', numbers);
      const ids = [
        (await tools.sampler()).id,
        (await tools.sampler({ model_path: path, base_model: base })).id,
        textAt(fieldOf(snapshot, 'sampling_session_id'), 'sampling_session_id'),
      ];
      demand(new Set(ids).size === 3, `the three have the ids ${ids.join(', ')}`);
      for (const id of ids) {
        const told = fieldOf(await wire.got(`samplers/${encodeURIComponent(id)}`), 'base_model');
        demand(told === base, `sampler ${id} says that its base model is ${JSON.stringify(told)}`);
      }
    },
  },
  {
    id: 'samplers/defaults',
    shows: 'what a request leaves out has its default: one sample, temperature 1, no bounds on the draw',
    needed: EVERY,
    async run(tools) {
      const sampler = await tools.sampler();
      const { sequences } = await sampler.sampled({ sampling_params: { max_tokens: 2 } });
      demand(sequences.length === 1 && sequences[0].tokens.length > 0, 'no sample came');
    },
  },
  {
    id: 'samplers/prompt-in-parts',
    shows: 'a prompt of several runs of tokens is one text',
    needed: EVERY,
    async run(tools) {
      const sampler = await tools.sampler();
      const ask = async (runs: number[][]) => {
        const chunks = runs.map((tokens) => ({ type: 'encoded_text', tokens }));
        const { prompt_logprobs = [] } = await sampler.sampled({ prompt: { chunks }, prompt_logprobs: true });
        return prompt_logprobs.slice(1).map((value) => value ?? Number.NaN);
      };
      const apart = distance(await ask([PROMPT.slice(0, 2), PROMPT.slice(2)]), await ask([PROMPT]));
      demand(apart <= LOGPROB_TOLERANCE, `log-probs differ by ${apart}`);
    },
  },
  {
    id: 'samplers/cancelled',
    shows: 'samples that nobody waits for can be given up, those that are unknown too',
    needed: NONE,
    async run(tools) {
      const { wire } = tools;
      const sampler = await tools.sampler();
      const { request_id } = await sampler.promised({ sampling_params: { max_tokens: 32, stop: [] }, num_samples: 4 });
      for (const id of [request_id, request_id, 'unknown']) {
        wire.requireOk('POST cancel_future', await wire.post('cancel_future', { request_id: id }));
      }
    },
  },
  {
    id: 'samplers/joined',
    shows: 'copies of a client get numbers of their own',
    needed: NONE,
    async run(tools) {
      const { wire } = tools;
      const { id: sampling_session_id } = await tools.sampler();
      const counters: unknown[] = [];
      for (let i = 0; i < 2; i++) {
        counters.push((await wire.granted('join_sampling_session', { sampling_session_id })).client_counter);
      }
      const fit = counters.every((counter) => typeof counter === 'number' && Number.isInteger(counter) && counter >= 1);
      demand(fit && counters[0] !== counters[1], `two copies got the numbers ${counters.join(' and ')}`);
    },
  },
  {
    id: 'samplers/listened-to-at-once',
    shows: 'one request waits for the results of all samples of a client',
    needed: NONE,
    async run(tools) {
      const { wire } = tools;
      const config = await wire.granted('client/config', { sdk_version: '0.38.0' });
      if (config.sample_use_retrieve_futures !== true) skip('the server does not ask clients to do so');
      const sampler = await tools.sampler();
      const { request_id } = await sampler.promised();
      const target = { type: 'sampling_session', sampling_session_id: sampler.id, cloned_sampler_id: 0 };
      const body = await wire.granted('retrieve_futures', { target, prev_cursor: 0, retrieved_request_ids: [] });
      demand(JSON.stringify(body.completions ?? null).includes(request_id), `${request_id} is not among what came`);
    },
  },
];
