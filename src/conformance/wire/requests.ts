// Checks of numbered requests: each done once, in order, whatever arrives when, and refused in words.

import { exactJsonText } from '../../tinker/wire/json.ts';
import { forwardBackwardRequestJson } from '../../tinker/wire/json_messages.ts';
import { type Check, demand, demandNear } from '../check.ts';
import { ADAM, BATCH, distance, lossOf, SUM_TOLERANCE, UPDATE_TOLERANCE } from '../data.ts';
import { EVERY, NONE, since } from '../versions.ts';
import { isOk, type Promised, type Reply } from './bench.ts';
import type { WireTools } from './kit.ts';
import { outputOf, type WireModel } from './model.ts';

/** Fails unless both have moved alike. */
async function demandSameModels(one: WireModel, other: WireModel, before: readonly number[], what: string) {
  const [a, b] = [await one.scored(BATCH), await other.scored(BATCH)];
  const moved = distance(b, before);
  const apart = distance(a, b);
  demand(
    moved > 0 && apart <= UPDATE_TOLERANCE * moved,
    `${what}: the log-probs differ by ${apart.toPrecision(3)} after an update that moves them by ${moved.toPrecision(3)}`,
  );
}

/** How metrics of the parts of a pass are put together. */
const REDUCTIONS = ['sum', 'min', 'max', 'mean', 'slack', 'unique', 'hash2', 'hash_unordered'];

export const REQUEST_CHECKS: readonly Check<WireTools>[] = [
  {
    id: 'requests/sent-twice',
    shows: 'a request that is sent again is the same promise, and is done once',
    needed: EVERY,
    async run(tools) {
      const [one, other] = [await tools.trained(), await tools.trained()];
      const before = await other.scored(BATCH);
      // A number for what the other was asked for.
      await one.scored(BATCH);
      const [first, second] = [one.next(), one.next()];
      const send = async (data: typeof BATCH, numbers: typeof first) => await one.pass(data, {}, numbers);
      const promises = [await send([BATCH[0]], first), await send([BATCH[0]], first), await send([BATCH[1]], second)];
      demand(
        promises[0].request_id === promises[1].request_id,
        `the same request got the ids ${promises[0].request_id} and ${promises[1].request_id}`,
      );
      const step = one.next();
      await one.step(ADAM, step);
      await one.step(ADAM, step);
      await other.passed(BATCH);
      await other.step(ADAM);
      await demandSameModels(one, other, before, 'with requests sent twice');
    },
  },
  {
    id: 'requests/out-of-order',
    shows: 'requests that arrive in another order are done in that of their numbers',
    needed: EVERY,
    async run(tools) {
      const { wire } = tools;
      const [one, other] = [await tools.trained(), await tools.trained()];
      const before = await one.scored(BATCH);
      await other.scored(BATCH);
      const numbers = [one.next(), one.next(), one.next(), one.next()];
      const step = (at: number, learning_rate: number) =>
        wire.promised('optim_step', { ...numbers[at], adam_params: { ...ADAM, learning_rate }, type: 'optim_step' });
      const late = [await step(3, 1e-2), await one.pass(BATCH, {}, numbers[2]), await step(1, ADAM.learning_rate)];
      const first = await one.pass([BATCH[0]], {}, numbers[0]);
      for (const promise of [first, ...late]) await wire.outcome(promise);
      await other.passed([BATCH[0]]);
      await other.step(ADAM);
      await other.passed(BATCH);
      await other.step({ ...ADAM, learning_rate: 1e-2 });
      await demandSameModels(one, other, before, 'out of order');
    },
  },
  {
    id: 'requests/refused-counts',
    shows: 'a request that is refused uses up its number, and the next one is done',
    needed: EVERY,
    async run(tools) {
      const { wire } = tools;
      const model = await tools.trained();
      const { model_id, seq_id } = model.next();
      const input = { data: [{ model_input: { chunks: 'none' }, loss_fn_inputs: {} }], loss_fn: 'no_such_loss' };
      const bad = { model_id, seq_id, forward_backward_input: input };
      demand(await wire.isRefused('forward_backward', bad), 'a pass over nothing was computed');
      const none = { ...model.next(), path: 'tinker://none/weights/none', optimizer: true, type: 'load_weights' };
      demand(await wire.isRefused('load_weights', none), 'a state that is not there was loaded');
      lossOf(await model.passed(BATCH));
    },
  },
  {
    id: 'requests/fetched-twice',
    shows: 'a result can be fetched again',
    needed: EVERY,
    async run(tools) {
      const model = await tools.trained();
      const promise = await model.pass(BATCH);
      const losses: number[] = [];
      for (let i = 0; i < 2; i++) losses.push(lossOf(outputOf(await tools.wire.outcome(promise))));
      demand(losses[0] === losses[1], `the loss is ${losses[0]}, and then ${losses[1]}`);
    },
  },
  {
    id: 'requests/metric-names',
    shows: 'the result has loss:sum, and names of metrics have one colon before a way to add them up',
    needed: EVERY,
    async run(tools) {
      const output = await (await tools.trained()).passed(BATCH);
      lossOf(output);
      const names = Object.keys(output.metrics);
      const odd = names.find((name) => !REDUCTIONS.includes(name.split(':')[1] ?? '') || name.split(':').length !== 2);
      demand(odd === undefined, `a metric is called ${odd}`);
    },
  },
  {
    id: 'requests/adam-defaults',
    shows: 'numbers of AdamW that are left out are 0.9, 0.95, 1e-12, 0 and 0',
    needed: EVERY,
    async run(tools) {
      const [one, other] = [await tools.trained(), await tools.trained()];
      const before = await one.scored(BATCH);
      await other.scored(BATCH);
      for (let i = 0; i < 2; i++) {
        await one.train(BATCH, { learning_rate: ADAM.learning_rate });
        await other.train(BATCH, ADAM);
      }
      await demandSameModels(one, other, before, 'with defaults');
    },
  },
  {
    id: 'requests/other-optimizer',
    shows: 'numbers of another optimizer than the model has are refused',
    needed: since('0.38.0'),
    async run(tools) {
      const model = await tools.trained();
      const optimizer_params = { type: 'dimuon', learning_rate: 1e-3, grad_clip_norm: 0, beta1: 0.9 };
      const body = { ...model.next(), optimizer_params, type: 'optim_step' };
      demand(await tools.wire.isRefused('optim_step', body), 'a model of AdamW took a step of dimuon');
      lossOf(await model.passed(BATCH));
    },
  },
  {
    id: 'requests/unknown-fields',
    shows: 'fields that newer clients send are passed over',
    needed: EVERY,
    async run(tools) {
      const { wire } = tools;
      const more = { a_field_of_tomorrow: { of: ['any', 1] }, user_metadata: { why: 'conformance' } };
      const session_id = await wire.session({ ...more, display_name: 'conformance' });
      await wire.granted('session_heartbeat', { session_id, ...more });
      const model = await tools.create(more);
      await wire.granted('get_info', { model_id: model.id, ...more });
      const input = forwardBackwardRequestJson({ ...model.next(), ...PASS });
      // Where passes are read in protobuf alone, its unknown fields are a matter of that format.
      const passed = await wire.post('forward_backward', { ...input, ...more });
      demand(isOk(passed) || passed.status === 415, `a pass: HTTP ${passed.status}: ${wire.wordsOf(passed)}`);
      await wire.done('optim_step', { ...model.next(), adam_params: { learning_rate: 1e-3 }, ...more });
      const saved = await wire.done('save_weights', { ...model.next(), path: tools.name(), ...more });
      wire.deletedLater(String(saved.path));
      const sampler = await tools.sampler({ base_model: tools.model, ...more });
      await sampler.sampled(more);
    },
  },
  {
    id: 'requests/refusals',
    shows: 'what is no request, or leads nowhere, is refused with a reason in JSON',
    needed: EVERY,
    async run({ wire }) {
      const nothing = 'no-such-thing';
      const replies: Record<string, Reply> = {
        'get_info of an unknown model': await wire.post('get_info', { model_id: `${nothing}:train:0` }),
        'retrieve_future of an unknown request': await wire.post('retrieve_future', { request_id: nothing }),
        'create_model in an unknown session': await wire.post('create_model', { session_id: nothing, model_seq_id: 0 }),
        'weights_info of an unknown path': await wire.post('weights_info', { tinker_path: 'tinker://a/weights/b' }),
        'a route that is none': await wire.post('no_such_route', {}),
        'a body that is none': await wire.send('POST', 'create_session', {
          body: { bytes: Buffer.from('{'), type: 'application/json' },
        }),
      };
      for (const [what, reply] of Object.entries(replies)) wire.demandExplained(what, reply);
    },
  },
  {
    id: 'requests/sparse',
    shows: 'targets and weights may be sparse matrices, of which cells that are not listed are 0',
    needed: since('0.18.2'),
    async run(tools) {
      const { wire } = tools;
      const model = await tools.trained();
      const input = { chunks: [{ type: 'encoded_text', tokens: [11, 12, 13] }] };
      const sparse = {
        target_tokens: {
          ...matrix('int64', [12, 13, 21]),
          sparse_crow_indices: [0, 1, 2, 3],
          sparse_col_indices: [0, 0, 0],
        },
        weights: { ...matrix('float32', [1, 2, 3]), sparse_crow_indices: [0, 1, 2, 3], sparse_col_indices: [0, 0, 0] },
      };
      const dense = {
        target_tokens: matrix('int64', [12, 0, 13, 0, 21, 0]),
        weights: matrix('float32', [1, 0, 2, 0, 3, 0]),
      };
      const losses: number[] = [];
      for (const loss_fn_inputs of [sparse, dense]) {
        const forward_input = { data: [{ model_input: input, loss_fn_inputs }], loss_fn: 'cross_entropy' };
        const promise = await wire.promised('forward', { ...model.next(), forward_input });
        losses.push(lossOf(outputOf(await wire.outcome(promise))));
      }
      demandNear(losses[0], losses[1], SUM_TOLERANCE * losses[1], 'loss:sum of sparse inputs');
    },
  },
  {
    id: 'requests/provenance',
    shows: 'what newer clients tell of where tokens come from changes no result',
    needed: since('0.38.0'),
    async run(tools) {
      const model = await tools.trained();
      const spanned = BATCH.map((datum) => {
        const { length } = datum.loss_fn_inputs.target_tokens.data;
        const sampled = { type: 'sampled', sequence_id: 'unknown', offset: 0, length } as const;
        const prompt = { type: 'prompt', sequence_id: 'unknown', offset: 0, length } as const;
        return { ...datum, model_input_spans: [prompt], loss_fn_input_spans: [sampled] };
      });
      const [plain, told] = [lossOf(await model.passed(BATCH)), lossOf(await model.passed(spanned))];
      demandNear(told, plain, SUM_TOLERANCE * plain, 'loss:sum with provenance');
    },
  },
  {
    id: 'requests/large-numbers',
    shows: 'numbers of samples beyond 2^53 are told apart',
    needed: EVERY,
    async run(tools) {
      const { wire } = tools;
      const sampler = await tools.sampler();
      const promises: Promised[] = [];
      for (const seq_id of [999_999_999_000_000_001n, 999_999_999_000_000_002n, 999_999_999_000_000_001n]) {
        promises.push(await wire.promised('asample', { ...sampler.request(), seq_id }));
      }
      const [one, two, again] = promises.map(({ request_id }) => request_id);
      demand(one !== two, 'two requests whose numbers differ by 1 are one');
      demand(one === again, 'a request that was sent again is another one');
      for (const promise of promises) await wire.outcome(promise);
    },
  },
  {
    id: 'requests/compressed',
    shows: 'a body may be compressed with gzip',
    needed: NONE,
    async run({ wire }) {
      const text = exactJsonText({ tags: [], user_metadata: {}, type: 'create_session' });
      const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
      const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
      const body = { bytes, type: 'application/json' };
      const reply = await wire.send('POST', 'create_session', { body, headers: { 'Content-Encoding': 'gzip' } });
      await wire.finish(String(wire.objectOf('POST create_session in gzip', reply).session_id));
    },
  },
];

const PASS = { data: BATCH, loss_fn: 'cross_entropy', loss_fn_config: {}, forward_only: false };

const matrix = (dtype: string, data: number[]) => ({ data, dtype, shape: [3, 2] });
