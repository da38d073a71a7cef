// Routes of models in training. Each answers with a promise at once, whatever the work takes.

import type { Context, Hono } from 'hono';
import { LOSS_FUNCTIONS } from '../loss_functions.ts';
import { type LossFnConfig, type LossFnType, positionsOf } from '../types.ts';
import { WireError } from '../wire/error.ts';
import { checkSeqId, decodeForwardBackwardRequest, type ForwardBackwardRequest } from '../wire/forward_backward.ts';
import { type ExactJsonObject, parseExactJson } from '../wire/json.ts';
import { fieldOf, integerAt, objectAt } from '../wire/json_fields.ts';
import { forwardBackwardRequestAt } from '../wire/json_messages.ts';
import { decodeMessage } from '../wire/schema.ts';
import { checkName } from './checkpoint_paths.ts';
import type { Result } from './futures.ts';
import { jsonAnswer, PROTOBUF } from './http.ts';
import { checkProvenance } from './provenance.ts';
import { Refusal } from './refusal.ts';
import {
  adamOf,
  checkOptimizer,
  countOrNull,
  flagOf,
  loraOf,
  metadataOf,
  textOf,
  textOrNull,
  ttlOf,
} from './requests.ts';
import type { Session } from './sessions.ts';
import type { TinkerServer } from './tinker_server.ts';
import type { PassLoss, PassRequest, TrainingRun } from './training_runs.ts';

/** Which request of which model a body is, as far as it says. */
interface Numbered {
  model_id: string;
  seq_id: number;
}

type Work = (run: TrainingRun, seq: number) => Promise<Result>;

export function trainingRoutes(app: Hono, server: TinkerServer): void {
  const { bodies, checkpoints, counters, futures, runs, samplers, sessions } = server;
  const promise = (request_id: string, model_id: string) => jsonAnswer({ request_id, model_id });
  const json = (value: ExactJsonObject): Result => ({ kind: 'json', value });

  /** A request that is one of the model's sequence. `prepare` checks it; one that it refuses counts as done. */
  const numbered = (operation: string, { model_id, seq_id }: Numbered, prepare: () => Work, bytes = 0): Response => {
    sessions.of(model_id);
    const run = runs.get(model_id);
    const id = `${model_id}:${seq_id}`;
    if (futures.has(id, operation)) return promise(id, model_id);
    futures.requireRoom(bytes);
    let work: Work;
    try {
      work = prepare();
    } catch (error) {
      run.sequence.skip(seq_id);
      throw error;
    }
    // Its result was fetched long ago, or it came when it was no longer waited for: whoever polls is told.
    if (run.sequence.isTaken(seq_id)) return promise(id, model_id);
    const timed = () => counters.timed(operation, () => work(run, seq_id));
    futures.submit(id, operation, () => run.sequence.run(seq_id, timed), { bytes });
    return promise(id, model_id);
  };

  const pass = async (context: Context): Promise<Response> => {
    const bytes = await bodies.bytes(context);
    const isProtobuf = context.req.header('Content-Type')?.includes(PROTOBUF) === true;
    const { numbers, request } = isProtobuf ? protobufPass(bytes) : jsonPass(bytes);
    const prepare = (): Work => {
      const checked = checkedPass(request(), sessions.of(numbers.model_id));
      return async (run) => {
        const output = await run.pass(checked);
        const tokens = positionsOf(checked.data);
        counters.tokens[checked.forward_only ? 'scored' : 'trained'] += tokens;
        return { kind: 'forward_backward', output };
      };
    };
    return numbered('forward_backward', numbers, prepare, bytes.length);
  };
  app.post('/forward_backward', pass);
  app.post('/forward', pass);

  app.post('/optim_step', async (context) => {
    const body = await bodies.json(context);
    return numbered('optim_step', numbersOf(body), () => {
      const params = adamOf(body);
      return async (run) => {
        const metrics = Object.entries(await run.optimStep(params)).filter(([, value]) => Number.isFinite(value));
        return json({ type: 'optim_step', metrics: Object.fromEntries(metrics) });
      };
    });
  });

  app.post('/save_weights', async (context) => {
    const body = await bodies.json(context);
    return numbered('save_weights', numbersOf(body), () => {
      const given = textOrNull(body, 'path');
      const save = {
        ttlSeconds: ttlOf(body),
        overwrite: flagOf(body, 'overwrite', false),
        user_metadata: metadataOf(body),
      };
      if (given !== null) checkName(given);
      return async (run, seq) => {
        const name = given ?? String(seq).padStart(6, '0');
        return json({ type: 'save_weights', path: await run.save({ ...save, kind: 'weights', name }) });
      };
    });
  });

  app.post('/save_weights_for_sampler', async (context) => {
    const body = await bodies.json(context);
    return numbered('save_weights_for_sampler', numbersOf(body), () => {
      const type = 'save_weights_for_sampler';
      const given = textOrNull(body, 'path');
      const save = { ttlSeconds: ttlOf(body), overwrite: true, user_metadata: metadataOf(body) };
      const number = countOrNull(body, 'sampling_session_seq_id');
      const isInflight = samplerKind(body) === 'inflight';
      if (given === null && number === null)
        throw new WireError('path', 'is missing, and so is sampling_session_seq_id');
      if (given !== null) {
        checkName(given);
        if (isInflight) throw new WireError('kind', 'weights that are saved under a name are no "inflight" weights');
        return async (run) => json({ type, path: await run.save({ ...save, kind: 'sampler_weights', name: given }) });
      }
      return async (run) => {
        const session = sessions.of(run.id);
        const id = `${session.id}:sample:${number}`;
        if (samplers.has(id)) throw new Refusal(400, `there is a sampler ${id} already`);
        const client = await run.snapshot();
        const sampler = { id, base_model: run.model.name, model_path: null };
        if (isInflight) {
          run.inflight.advance(client);
          samplers.add(sampler, () => Promise.resolve(run.inflight.sampler()));
        } else samplers.addSnapshot(sampler, client);
        session.samplers.add(id);
        return json({ type, sampling_session_id: id });
      };
    });
  });

  app.post('/save_weights_external', async (context) => {
    const body = await bodies.json(context);
    return numbered('save_weights_external', numbersOf(body), () => {
      const name = checkName(textOf(body, 'path'));
      if (fieldOf(body, 'age_encryption_recipients') !== undefined) {
        throw new WireError('age_encryption_recipients', 'is not supported by this server, which encrypts nothing');
      }
      const save = { ttlSeconds: ttlOf(body), overwrite: true, user_metadata: metadataOf(body) };
      return async (run) => {
        const path = await run.save({ ...save, kind: 'external_weights', name });
        const { size_bytes } = checkpoints.find(path).checkpoint;
        return json({ type: 'save_weights_external', path, size_bytes });
      };
    });
  });

  /** Begins a model under the next number of its session, once for a number. */
  const create = (operation: string, body: ExactJsonObject, begin: (id: string) => TrainingRun): Response => {
    const session = sessions.get(textOf(body, 'session_id'));
    const number = countOrNull(body, 'model_seq_id') ?? session.models.size;
    const model_id = `${session.id}:train:${number}`;
    const id = `${model_id}:create`;
    if (futures.has(id, operation)) return promise(id, model_id);
    futures.requireRoom();
    if (session.models.has(model_id)) throw new Refusal(400, `model_seq_id: there is a model ${model_id} already`);
    const run = begin(model_id);
    session.models.add(model_id);
    futures.submit(id, operation, async () => {
      try {
        await run.ready();
      } catch (error) {
        // One that never came to be takes no place.
        await runs.end(model_id);
        throw error;
      }
      return json({ type: operation, model_id });
    });
    return promise(id, model_id);
  };

  app.post('/create_model', async (context) => {
    const body = await bodies.json(context);
    return create('create_model', body, (id) =>
      runs.create(id, textOf(body, 'base_model'), loraOf(body), metadataOf(body)),
    );
  });

  app.post('/load_weights', async (context) => {
    const body = await bodies.json(context);
    const path = textOf(body, 'path');
    const withOptimizer = flagOf(body, 'optimizer', false);
    if (fieldOf(body, 'model_id') === undefined) {
      return create('load_weights', body, (id) => {
        checkOptimizer(body);
        return runs.createFrom(id, path, { withOptimizer, user_metadata: metadataOf(body) });
      });
    }
    return numbered('load_weights', numbersOf(body), () => {
      runs.state(path);
      return async (run) => {
        // What was asked for before may have overwritten it.
        await run.load(runs.state(path).directory, { withOptimizer });
        return json({ type: 'load_weights', path, model_id: run.id });
      };
    });
  });

  app.post('/unload_model', async (context) => {
    const model_id = textOf(await bodies.json(context), 'model_id');
    sessions.of(model_id);
    runs.get(model_id);
    const id = `${model_id}:unload`;
    futures.submit(id, 'unload_model', async () => {
      await runs.unload(model_id);
      return json({ type: 'unload_model', model_id });
    });
    return promise(id, model_id);
  });

  app.post('/get_info', async (context) => {
    const model_id = textOf(await bodies.json(context), 'model_id');
    sessions.of(model_id);
    const run = runs.get(model_id);
    const { is_lora, lora_rank, max_context_length } = await run.info();
    const { name, directory } = run.model;
    return jsonAnswer({
      type: 'get_info',
      model_id,
      model_name: name,
      model_data: { arch: 'transformer', model_name: name, tokenizer_id: directory, max_context_length },
      is_lora,
      lora_rank,
      optimizer_config: { type: 'adamw' },
    });
  });
}

function samplerKind(body: ExactJsonObject): 'snapshot' | 'inflight' {
  const kind = textOrNull(body, 'kind') ?? 'snapshot';
  if (kind === 'snapshot' || kind === 'inflight') return kind;
  throw new WireError('kind', `must be "snapshot" or "inflight", not ${JSON.stringify(kind)}`);
}

function numbersOf(body: ExactJsonObject): Numbered {
  return { model_id: textOf(body, 'model_id'), seq_id: checkSeqId(integerAt(fieldOf(body, 'seq_id'), 'seq_id')) };
}

/** The numbers first, so that a request of which the rest cannot be read counts as one. */
function protobufPass(bytes: Uint8Array): { numbers: Numbered; request: () => ForwardBackwardRequest } {
  try {
    const request = decodeForwardBackwardRequest(bytes);
    return { numbers: request, request: () => request };
  } catch (error) {
    const { model_id, seq_id } = decodeMessage('ForwardBackwardRequest', bytes);
    if (typeof model_id !== 'string' || typeof seq_id !== 'number') throw error;
    const numbers = { model_id, seq_id: checkSeqId(seq_id) };
    return {
      numbers,
      request: () => {
        throw error;
      },
    };
  }
}

function jsonPass(bytes: Uint8Array): { numbers: Numbered; request: () => ForwardBackwardRequest } {
  const body = objectAt(parseExactJson(new TextDecoder().decode(bytes)), 'the request');
  return { numbers: numbersOf(body), request: () => forwardBackwardRequestAt(body) };
}

function checkedPass(request: ForwardBackwardRequest, session: Session): PassRequest {
  const { data, forward_only, logprobs } = request;
  const picture = data.findIndex(({ model_input }) => model_input.chunks.some(({ type }) => type === 'image'));
  if (picture !== -1)
    throw new WireError(`data[${picture}].model_input`, 'holds a picture, and this server reads text alone');
  if (data.length === 0) throw new WireError('data', 'is empty');
  for (const [i, datum] of data.entries()) checkProvenance(datum, `data[${i}]`);
  return { data, loss: passLoss(request, session), forward_only, logprobs };
}

function passLoss({ loss_fn, loss_fn_config, forward_only }: ForwardBackwardRequest, session: Session): PassLoss {
  if (loss_fn !== 'custom') return { loss_fn: lossAt(loss_fn), loss_fn_config: numbersAlone(loss_fn_config) };
  if (forward_only) throw new WireError('loss_fn', 'a custom loss has no pass without its gradient');
  const { loss_id } = loss_fn_config;
  const custom = session.losses.get(`${loss_id}`);
  if (custom !== undefined) return { custom };
  throw new WireError('loss_fn_config.loss_id', 'names no loss that this session has created');
}

function lossAt(name: string): LossFnType {
  const known = lossNames().find((loss) => loss === name);
  if (known !== undefined) return known;
  throw new WireError('loss_fn', `${JSON.stringify(name)} is not supported by this server`, {
    hint: `It has ${lossNames().join(', ')}; any other loss is computed by the client, with forward_backward_custom.`,
  });
}

const isLoss = (name: string): name is LossFnType => Object.hasOwn(LOSS_FUNCTIONS, name);
const lossNames = () => Object.keys(LOSS_FUNCTIONS).filter(isLoss);

function numbersAlone(config: ForwardBackwardRequest['loss_fn_config']): LossFnConfig {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      if (typeof value === 'number') return [key, value];
      throw new WireError(`loss_fn_config.${key}`, 'must be a number');
    }),
  );
}
