// A run as each version of the official SDK makes it, from its first request to its last, in that version's own words.

import type { Datum, ForwardBackwardOutput, SampleResponse } from '../../tinker/types.ts';
import { encodeForwardBackwardRequest } from '../../tinker/wire/forward_backward.ts';
import type { ExactJsonObject } from '../../tinker/wire/json.ts';
import { fieldOf, listAt, objectAt, textAt } from '../../tinker/wire/json_fields.ts';
import { type Check, demand, demandNear } from '../check.ts';
import { BATCH, distance, LOGPROB_TOLERANCE, logprobsOf, lossOf, PROMPT, RANK, SUM_TOLERANCE, TEXT } from '../data.ts';
import { isOk, PROTOBUF, type Promised, promiseOf, type Reply } from './bench.ts';
import { bodyIn, DIALECTS, type Dialect } from './dialects.ts';
import type { WireTools } from './kit.ts';
import { outputOf } from './model.ts';
import { responseOf, sequenceIdsOf } from './sampler.ts';

export const DIALECT_CHECKS: readonly Check<WireTools>[] = DIALECTS.map((dialect) => ({
  id: `dialects/${dialect.version}`,
  shows: `a run in the words of SDK ${dialect.version}: trained, saved, resumed and sampled`,
  needed: [dialect.version],
  run: (tools) => walk(new Walk(tools, dialect)),
}));

async function walk(run: Walk): Promise<void> {
  const { tools, dialect } = run;
  await run.begin();
  const model = await run.create(0);
  await run.info(model.id);
  const first = await run.step(model);
  const second = await run.step(model);
  demand(second < first, `the loss went from ${first} to ${second} in a step`);
  const scored = await run.pass(model, true);
  const path = await run.save(model);
  const losses = [await run.step(model), await run.step(model)];
  demandNear(lossOf(scored), losses[0], SUM_TOLERANCE * losses[0], 'loss:sum of forward');

  const resumed = await run.resume(path);
  for (const [i, loss] of losses.entries()) {
    demandNear(await run.step(resumed), loss, SUM_TOLERANCE * loss, `loss of step ${i + 1} after resuming`);
  }

  const sampler = await run.snapshot(model);
  const scores = logprobsOf(await run.pass(model, true)).slice(0, TEXT.length - 1);
  const { prompt_logprobs = [], topk_prompt_logprobs = [] } = await run.sample(sampler, TEXT, 1, {
    prompt_logprobs: true,
    topk_prompt_logprobs: 2,
  });
  const told = prompt_logprobs.slice(1).map((value) => value ?? Number.NaN);
  const apart = distance(told, scores);
  demand(apart <= LOGPROB_TOLERANCE, `log-probs of trainer and sampler differ by ${apart}`);
  demand(
    topk_prompt_logprobs[1]?.length === 2,
    'the most likely tokens of the prompt were asked for, and are not there',
  );
  const { sequences } = await run.sample(sampler, PROMPT, 2, {});
  const whole = sequences.every(({ tokens, logprobs }) => tokens.length > 0 && logprobs.length === tokens.length);
  demand(sequences.length === 2 && whole, 'two samples with a log-prob for each token were asked for');
  const { wire } = tools;
  if (dialect.resumesAtOnce) demand(isOk(await wire.finish(await tools.session())), 'the session cannot be finished');
}

interface Walked {
  id: string;
  seq: number;
}

class Walk {
  readonly tools: WireTools;
  readonly dialect: Dialect;
  #samples = 0;

  constructor(tools: WireTools, dialect: Dialect) {
    this.tools = tools;
    this.dialect = dialect;
  }

  async begin(): Promise<void> {
    const { wire, model } = this.tools;
    const { version: sdk_version, asksConfig, asksDynamicConfig } = this.dialect;
    if (asksConfig) await wire.granted('client/config', { sdk_version });
    if (asksDynamicConfig) {
      const { status } = await wire.post('client/dynamic_config', { sdk_version });
      demand(status === 200 || status === 404, `client/dynamic_config: HTTP ${status}; a server without it says 404`);
    }
    const listed = listAt(fieldOf(await wire.got('get_server_capabilities'), 'supported_models'), 'models', objectAt);
    const names = listed.map((entry) => fieldOf(entry, 'model_name'));
    demand(names.includes(model), `the server does not list ${model} among its models`);
  }

  async create(number: number, more: ExactJsonObject = {}): Promise<Walked> {
    const { tools, dialect } = this;
    const lora_config = { rank: RANK, train_unembed: true, train_mlp: true, train_attn: true };
    const body = bodyIn(
      dialect,
      'create_model',
      {
        session_id: await tools.session(),
        model_seq_id: number,
        base_model: tools.model,
        lora_config: dialect.sendsNulls ? { ...lora_config, seed: null } : lora_config,
        ...dialect.extras.create_model,
        ...more,
      },
      ['user_metadata'],
    );
    const made = await tools.wire.done('create_model', body);
    return { id: textAt(fieldOf(made, 'model_id'), 'model_id'), seq: 0 };
  }

  async info(model_id: string): Promise<void> {
    const { tools, dialect } = this;
    const info = await tools.wire.granted('get_info', bodyIn(dialect, 'get_info', { model_id }));
    demand(textAt(fieldOf(info, 'model_id'), 'model_id') === model_id, 'get_info tells of another model');
    const data = objectAt(fieldOf(info, 'model_data'), 'model_data');
    textAt(fieldOf(data, 'model_name'), 'model_data.model_name');
  }

  async pass(model: Walked, isForward: boolean): Promise<ForwardBackwardOutput> {
    return this.#output(await this.#sendPass(model, isForward));
  }

  /** The pass and the step are posted before either is waited for. */
  async step(model: Walked): Promise<number> {
    const { tools, dialect } = this;
    const passed = await this.#sendPass(model, false);
    // The oldest leaves out what has its default.
    const adam = { beta1: 0.9, beta2: 0.95, eps: 1e-12, weight_decay: 0, grad_clip_norm: 0 };
    const adam_params = { learning_rate: 2e-3, ...(!dialect.sendsNulls && adam) };
    const body = bodyIn(dialect, 'optim_step', { ...numbersOf(model), adam_params });
    const stepped = await tools.wire.promised('optim_step', body);
    const loss = lossOf(await this.#output(passed));
    tools.wire.objectOf('optim_step', await tools.wire.outcome(stepped, 'application/json'));
    return loss;
  }

  async save(model: Walked): Promise<string> {
    const { tools, dialect } = this;
    const body = bodyIn(dialect, 'save_weights', { ...numbersOf(model), path: tools.name(), overwrite: false }, [
      'ttl_seconds',
    ]);
    const path = textAt(fieldOf(await tools.wire.done('save_weights', body), 'path'), 'path');
    demand(/^tinker:\/\/[^/]+\/weights\/[^/]+$/.test(path), `${path} is no path of a checkpoint`);
    return tools.wire.deletedLater(path);
  }

  async resume(path: string): Promise<Walked> {
    const { tools, dialect } = this;
    const { wire } = tools;
    if (!dialect.resumesAtOnce) {
      const info = await wire.granted('weights_info', { tinker_path: path });
      demand(fieldOf(info, 'is_lora') === true && fieldOf(info, 'lora_rank') === RANK, 'weights_info tells no rank');
      const model = await this.create(1);
      const body = bodyIn(dialect, 'load_weights', { ...numbersOf(model), path, optimizer: true });
      await wire.done('load_weights', body);
      return model;
    }
    const session_id = await tools.session();
    const body = bodyIn(dialect, 'load_weights', { session_id, model_seq_id: 1, path, optimizer: true });
    await wire.done('load_weights', body);
    const model = { id: `${session_id}:train:1`, seq: 0 };
    await this.info(model.id);
    return model;
  }

  /** A sampler of the weights as they are. */
  async snapshot(model: Walked): Promise<string> {
    const { tools, dialect } = this;
    const body = bodyIn(
      dialect,
      'save_weights_for_sampler',
      { ...numbersOf(model), sampling_session_seq_id: 0, ...dialect.extras.save_weights_for_sampler },
      ['path', 'ttl_seconds'],
    );
    const saved = await tools.wire.done('save_weights_for_sampler', body);
    return textAt(fieldOf(saved, 'sampling_session_id'), 'sampling_session_id');
  }

  async sample(
    sampler: string,
    tokens: readonly number[],
    count: number,
    more: ExactJsonObject,
  ): Promise<SampleResponse> {
    const { tools, dialect } = this;
    const chunk: ExactJsonObject = { tokens: [...tokens] };
    const body = bodyIn(
      dialect,
      'sample',
      {
        sampling_session_id: sampler,
        seq_id: this.#samples++,
        num_samples: count,
        prompt: { chunks: [dialect.sendsNulls ? chunk : { ...chunk, type: 'encoded_text' }] },
        sampling_params: dialect.sendsNulls
          ? { max_tokens: 3 }
          : { max_tokens: 3, temperature: 1, top_k: -1, top_p: 1 },
        ...dialect.extras.asample,
        ...more,
      },
      ['prompt_logprobs', 'base_model', 'model_path'],
    );
    const promised = await tools.wire.promised('asample', body);
    if (dialect.namesSequences) {
      const ids = sequenceIdsOf(promised);
      demand(ids.length === count, `${ids.length} sample_sequence_ids for ${count} samples`);
    }
    const { sample: accept } = dialect.accepts;
    return responseOf(demandType(await tools.wire.outcome(promised, accept), accept));
  }

  async #sendPass(model: Walked, isForward: boolean): Promise<Promised> {
    const { tools, dialect } = this;
    const { wire } = tools;
    const numbers = numbersOf(model);
    if (dialect.passesAs === 'protobuf') {
      const request = {
        ...numbers,
        data: BATCH,
        loss_fn: 'cross_entropy',
        loss_fn_config: {},
        forward_only: isForward,
      };
      const body = { bytes: encodeForwardBackwardRequest(request), type: PROTOBUF };
      const reply = await wire.send('POST', 'forward_backward', { body });
      return promiseOf(wire.objectOf('POST forward_backward, in protobuf', reply));
    }
    const input = { data: BATCH.map((datum) => datumIn(dialect, datum)), loss_fn: 'cross_entropy' };
    const [path, name] = isForward ? ['forward', 'forward_input'] : ['forward_backward', 'forward_backward_input'];
    return await wire.promised(path, {
      ...numbers,
      [name]: dialect.sendsNulls ? { ...input, loss_fn_config: null } : input,
    });
  }

  async #output(promised: Promised): Promise<ForwardBackwardOutput> {
    const { pass: accept } = this.dialect.accepts;
    return outputOf(demandType(await this.tools.wire.outcome(promised, accept), accept));
  }
}

function numbersOf(model: Walked): { model_id: string; seq_id: number } {
  model.seq += 1;
  return { model_id: model.id, seq_id: model.seq };
}

function datumIn({ sendsNulls }: Dialect, { model_input, loss_fn_inputs }: Datum): ExactJsonObject {
  const chunks = model_input.chunks.map((chunk): ExactJsonObject => {
    const tokens = chunk.type === 'encoded_text' ? chunk.tokens : [];
    return sendsNulls ? { tokens } : { tokens, type: 'encoded_text' };
  });
  const inputs = Object.entries(loss_fn_inputs).map(([name, { data, dtype, shape }]) => [
    name,
    { data: Array.from(data), dtype, shape: sendsNulls ? null : shape },
  ]);
  return { model_input: { chunks }, loss_fn_inputs: Object.fromEntries(inputs) };
}

/** Versions that read protobuf alone end with an error where they are given JSON. */
function demandType(reply: Reply, accept: string): Reply {
  demand(accept.includes(reply.type), `the result is ${reply.type || 'of no type'}, where ${accept} is accepted`);
  return reply;
}
