// Checks of sessions, and of what belongs to no model: configuration, models in their sessions, the end of a session.

import { fieldOf, listAt, objectAt, textAt } from '../../tinker/wire/json_fields.ts';
import { type Check, demand, RefusedError } from '../check.ts';
import { RANK } from '../data.ts';
import { EVERY, NONE, since, upTo } from '../versions.ts';
import { isOk } from './bench.ts';
import type { WireTools } from './kit.ts';

export const SESSION_CHECKS: readonly Check<WireTools>[] = [
  {
    id: 'sessions/config',
    shows: 'client/config is there, without which newer SDKs do not begin',
    needed: since('0.18.2'),
    async run({ wire }) {
      await wire.granted('client/config', { sdk_version: '0.38.0' });
    },
  },
  {
    id: 'sessions/capabilities',
    shows: 'the models are listed, with the length of their contexts',
    needed: EVERY,
    async run({ wire, model }) {
      const body = await wire.got('get_server_capabilities');
      const models = listAt(fieldOf(body, 'supported_models'), 'supported_models', objectAt);
      const found = models.find((each) => fieldOf(each, 'model_name') === model);
      demand(found !== undefined, `${model} is not among them`);
      const length = fieldOf(found, 'max_context_length');
      demand(typeof length === 'number' && length > 0, `max_context_length is ${JSON.stringify(length)}`);
    },
  },
  {
    id: 'sessions/telemetry',
    shows: 'telemetry is taken; SDKs up to 0.25 complain each second where it is not',
    needed: EVERY,
    async run({ wire }) {
      const event = {
        event: 'GENERIC_EVENT',
        event_id: '0',
        event_name: 'conformance',
        severity: 'INFO',
        event_data: {},
      };
      const body = { events: [event], platform: 'node', sdk_version: '0.38.0', session_id: await wire.session() };
      await wire.granted('telemetry', { ...body, process_uuid: '00000000-0000-4000-8000-000000000000' });
    },
  },
  {
    id: 'sessions/heartbeat',
    shows: 'a session can say that it is alive',
    needed: EVERY,
    async run({ wire }) {
      await wire.granted('session_heartbeat', { session_id: await wire.session(), type: 'session_heartbeat' });
    },
  },
  {
    id: 'sessions/finish',
    shows: 'a session is finished once and for all: the same again is no error, and its heartbeat hears 410',
    needed: since('0.38.0'),
    async run({ wire }) {
      const session_id = await wire.session();
      for (let i = 0; i < 2; i++) wire.requireOk('POST sessions/…/finish', await wire.finish(session_id));
      const { status } = await wire.post('session_heartbeat', { session_id, type: 'session_heartbeat' });
      demand(status === 410, `the heartbeat of a session that is finished: HTTP ${status}, not 410`);
    },
  },
  {
    id: 'sessions/model-ids',
    shows: 'models are called SESSION:train:NUMBER, which newer SDKs take for granted, and tell of themselves at once',
    needed: since('0.38.0'),
    async run(tools) {
      const { id, session } = await tools.create();
      demand(id === `${session}:train:0`, `the first model of ${session} is called ${id}`);
      const info = await tools.wire.granted('get_info', { model_id: id, type: 'get_info' });
      textAt(fieldOf(objectAt(fieldOf(info, 'model_data'), 'model_data'), 'model_name'), 'model_data.model_name');
    },
  },
  {
    id: 'sessions/created-once',
    shows: 'a model that is asked for again under its number is the same model',
    needed: EVERY,
    async run(tools) {
      const { wire, model: base_model } = tools;
      const lora_config = { rank: RANK, seed: 1 };
      const body = { session_id: await tools.session(), model_seq_id: 0, base_model, lora_config };
      const made: unknown[] = [];
      for (let i = 0; i < 2; i++) made.push((await wire.done('create_model', body)).model_id);
      demand(made[0] === made[1], `the same request made ${made[0]} and ${made[1]}`);
    },
  },
  {
    id: 'sessions/unknown-model',
    shows: 'a base model that is not there is refused',
    needed: EVERY,
    async run(tools) {
      const { wire } = tools;
      const asked = { session_id: await tools.session(), base_model: 'no/such-model-1b' };
      const model = { ...asked, model_seq_id: 0, lora_config: { rank: RANK } };
      demand(await wire.isRefused('create_model', model), 'a model of no such name was created');
      const sampler = { ...asked, sampling_session_seq_id: 0 };
      demand(await wire.isRefused('create_sampling_session', sampler), 'a sampler of no such name was created');
    },
  },
  {
    id: 'sessions/unload',
    shows: 'a model can be unloaded',
    needed: NONE,
    async run(tools) {
      const { id } = await tools.create();
      await tools.wire.done('unload_model', { model_id: id, type: 'unload_model' });
    },
  },
  {
    id: 'sessions/listing',
    shows: 'sessions are listed with their models',
    needed: NONE,
    async run(tools) {
      const { id, session } = await tools.create();
      const listed = listAt(fieldOf(await tools.wire.got('sessions?limit=100'), 'sessions'), 'sessions', textAt);
      demand(listed.includes(session), 'a session that is open is not listed');
      const { training_run_ids } = await tools.wire.got(`sessions/${encodeURIComponent(session)}`);
      demand(listAt(training_run_ids, 'training_run_ids', textAt).includes(id), `the session does not list ${id}`);
    },
  },
  {
    id: 'sessions/legacy-info',
    shows: 'weights_info tells what to make a model of to load a state into',
    needed: upTo('0.25.0'),
    async run(tools) {
      const info = await tools.wire.granted('weights_info', { tinker_path: await tools.state() });
      demand(fieldOf(info, 'base_model') === tools.model, `base_model is ${JSON.stringify(info.base_model)}`);
      demand(fieldOf(info, 'is_lora') === true, `is_lora is ${JSON.stringify(info.is_lora)}`);
      demand(fieldOf(info, 'lora_rank') === RANK, `lora_rank is ${JSON.stringify(info.lora_rank)}`);
    },
  },
  {
    id: 'sessions/search',
    shows: 'sessions are found by their name',
    needed: NONE,
    async run({ wire }) {
      const display_name = 'conformance search';
      const id = await wire.session({ display_name });
      const reply = await wire.post('sessions/search', {
        owner: { type: 'own' },
        user_metadata: {},
        limit: 50,
        display_name,
      });
      if (!isOk(reply)) throw new RefusedError('POST sessions/search', reply.status, wire.wordsOf(reply));
      demand(JSON.stringify(reply.json).includes(id), 'a session that is open is not found');
    },
  },
];
