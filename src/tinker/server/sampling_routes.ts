// Routes of samplers.

import type { Hono } from 'hono';
import { seedFor } from '../../util/random.ts';
import { lengthOf } from '../types.ts';
import { fieldOf, listAt, numberAt, objectAt, optional, type Sent, textAt } from '../wire/json_fields.ts';
import { checkAnswerSize } from './answer_size.ts';
import { servedModel } from './backend.ts';
import { goneSignal, jsonAnswer } from './http.ts';
import { Refusal } from './refusal.ts';
import { countOrNull, sampleRequestOf, sampleSeqOf, textOf, textOrNull } from './requests.ts';
import type { TinkerServer } from './tinker_server.ts';

/** Of a prompt in memory. */
const BYTES_OF_TOKEN = 8;

export function samplingRoutes(app: Hono, server: TinkerServer): void {
  const { backend, bodies, checkpoints, futures, samplers, sessions } = server;

  app.post('/create_sampling_session', async (context) => {
    const body = await bodies.json(context);
    const session = sessions.get(textOf(body, 'session_id'));
    const id = `${session.id}:sample:${countOrNull(body, 'sampling_session_seq_id') ?? session.samplers.size}`;
    const answer = jsonAnswer({ type: 'create_sampling_session', sampling_session_id: id });
    if (session.samplers.has(id)) return answer;
    const model_path = textOrNull(body, 'model_path');
    const service = server.serviceOf(session.id);
    if (model_path !== null) {
      const { run, directory } = checkpoints.find(model_path);
      const { name, source } = servedModel(backend, run.base_model);
      const requireSame = () => {
        if (checkpoints.find(model_path).directory === directory) return;
        throw new Refusal(404, `${model_path} was overwritten since sampler ${id} was made: make another one`);
      };
      samplers.add({ id, base_model: name, model_path }, async () => {
        // Weights that were given back are opened again, and must be the same ones.
        requireSame();
        try {
          return await service.createSamplingClient({ base_model: source, model_path: directory });
        } catch (error) {
          // They may have gone while they were read.
          requireSame();
          throw error;
        }
      });
    } else {
      const { name, source } = servedModel(backend, textOf(body, 'base_model'));
      samplers.add({ id, base_model: name, model_path }, () => service.createSamplingClient({ base_model: source }));
    }
    session.samplers.add(id);
    return answer;
  });

  app.get('/samplers/:id', (context) => {
    const id = context.req.param('id');
    sessions.of(id);
    const { base_model, model_path } = samplers.get(id);
    return jsonAnswer({ sampler_id: id, base_model, ...(model_path !== null && { model_path }) });
  });

  app.post('/asample', async (context) => {
    const body = await bodies.json(context);
    if (fieldOf(body, 'sampling_session_id') === undefined) {
      throw new Refusal(400, 'sampling_session_id is missing: create a sampling session first');
    }
    const samplerId = textOf(body, 'sampling_session_id');
    sessions.of(samplerId);
    const { base_model } = samplers.get(samplerId);
    const seq = sampleSeqOf(body);
    const id = `${samplerId}:${seq}`;
    const request = sampleRequestOf(body);
    checkAnswerSize(request, servedModel(backend, base_model));
    const sequenceIds = Array.from({ length: request.numSamples }, (_, member) => `${id}:${member}`);
    if (!futures.has(id, 'sample')) {
      const bytes = BYTES_OF_TOKEN * lengthOf(request.prompt);
      futures.requireRoom(bytes);
      const { params } = request;
      // Without a seed of its own a request has that of its place, so that a program which is run again samples the same.
      const seed = params.seed ?? seedFor(0, 'sample', samplerId.split(':sample:')[1] ?? '', seq);
      futures.submit(
        id,
        'sample',
        async (signal) => {
          const response = await samplers.sample(samplerId, { ...request, params: { ...params, seed }, signal });
          return { kind: 'sample', response };
        },
        { target: targetOf(samplerId, seq), bytes },
      );
    }
    return jsonAnswer({ request_id: id, sample_sequence_ids: sequenceIds });
  });

  app.post('/join_sampling_session', async (context) => {
    const id = textOf(await bodies.json(context), 'sampling_session_id');
    samplers.get(id);
    const session = sessions.of(id);
    session.clones += 1;
    return jsonAnswer({ type: 'join_sampling_session', client_counter: session.clones });
  });

  app.post('/retrieve_futures', async (context) => {
    const body = await bodies.json(context);
    const target = objectAt(fieldOf(body, 'target'), 'target');
    const samplerId = textAt(fieldOf(target, 'sampling_session_id'), 'target.sampling_session_id');
    const clone = countOrNull(target, 'cloned_sampler_id') ?? 0;
    sessions.of(samplerId);
    const retrieved = optional(fieldOf(body, 'retrieved_request_ids'), 'retrieved_request_ids', textsAt) ?? [];
    for (const id of retrieved) if (id.startsWith(`${samplerId}:`)) futures.release(id);
    const seconds = optional(fieldOf(body, 'timeout'), 'timeout', numberAt);
    const { completions, cursor } = await futures.completions(`${samplerId}:${clone}`, {
      cursor: countOrNull(body, 'prev_cursor') ?? 0,
      timeoutMs: seconds === undefined ? null : 1000 * seconds,
      signal: goneSignal(context),
    });
    return jsonAnswer({ completions: completions.map((each) => ({ ...each })), cursor });
  });
}

/** Copies of a client count their requests from multiples of this on, and ask about them apart. */
const PER_CLONE = 1_000_000_000n;

const targetOf = (samplerId: string, seq: string) => `${samplerId}:${BigInt(seq) / PER_CLONE}`;

const textsAt = (value: Sent, place: string) => listAt(value, place, textAt);
