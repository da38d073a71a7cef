// Checks of checkpoints over HTTP: both ways to resume, names, and the routes that list, date, publish and delete.

import { checkpointRoute } from '../../tinker/http/checkpoint_path.ts';
import type { ExactJsonObject } from '../../tinker/wire/json.ts';
import { fieldOf, listAt, objectAt, textAt } from '../../tinker/wire/json_fields.ts';
import { type Check, demand, demandNear } from '../check.ts';
import { ADAM, BATCH, lossOf, SUM_TOLERANCE } from '../data.ts';
import { EVERY, NONE, since, upTo } from '../versions.ts';
import { isOk, promiseOf } from './bench.ts';
import type { WireTools } from './kit.ts';
import type { WireModel } from './model.ts';

/** Two steps, of which the second hangs on the optimizer. */
async function goOn(model: WireModel): Promise<number[]> {
  return [await model.train(BATCH, ADAM), await model.train(BATCH, ADAM), lossOf(await model.passed(BATCH))];
}

async function demandResumed(model: WireModel, wanted: readonly number[]): Promise<void> {
  for (const [i, loss] of (await goOn(model)).entries()) {
    demandNear(loss, wanted[i], SUM_TOLERANCE * wanted[i], `loss of step ${i + 1} after resuming`);
  }
}

async function saved(tools: WireTools, more: ExactJsonObject = {}): Promise<{ model: WireModel; path: string }> {
  const model = await tools.trained();
  await model.train(BATCH, ADAM);
  return { model, path: tools.wire.deletedLater(await model.save(tools.name(), more)) };
}

/** The checkpoint as its run lists it. */
async function listed(tools: WireTools, path: string): Promise<ExactJsonObject | undefined> {
  const run = encodeURIComponent(path.replace('tinker://', '').split('/')[0]);
  const body = await tools.wire.got(`training_runs/${run}/checkpoints`);
  const all = listAt(fieldOf(body, 'checkpoints'), 'checkpoints', objectAt);
  return all.find((each) => fieldOf(each, 'tinker_path') === path);
}

export const WIRE_CHECKPOINT_CHECKS: readonly Check<WireTools>[] = [
  {
    id: 'resuming/in-three-requests',
    shows: 'a model that is created and loaded into goes on where the state was saved',
    needed: upTo('0.25.0'),
    async run(tools) {
      const { model, path } = await saved(tools);
      const wanted = await goOn(model);
      await demandResumed(await tools.resumedInto(path), wanted);
    },
  },
  {
    id: 'resuming/in-one-request',
    shows:
      'a model that is made from a state goes on where it was saved, and is made once however often it is asked for',
    needed: since('0.38.0'),
    async run(tools) {
      const { wire } = tools;
      const { model, path } = await saved(tools);
      const wanted = await goOn(model);
      const session_id = await tools.session();
      const model_seq_id = tools.nextModelSeqId();
      const body = { session_id, model_seq_id, path, optimizer: true, type: 'load_weights' };
      const promises = [await wire.promised('load_weights', body), await wire.promised('load_weights', body)];
      for (const promise of promises) await wire.outcome(promise);
      const resumed = tools.modelOf(`${session_id}:train:${model_seq_id}`, session_id);
      await wire.granted('get_info', { model_id: resumed.id, type: 'get_info' });
      await demandResumed(resumed, wanted);
      wire.objectOf('POST load_weights', await wire.post('load_weights', body));
      demand(lossOf(await resumed.passed(BATCH)) < wanted[0], 'the model was loaded again when it was asked for again');
    },
  },
  {
    id: 'stored/names',
    shows: 'names that lead elsewhere are refused',
    needed: EVERY,
    async run(tools) {
      const model = await tools.trained();
      for (const path of ['../conformance', 'a/../../b', '..']) {
        const body = { ...model.next(), path, overwrite: false, ttl_seconds: 3600, type: 'save_weights' };
        demand(await tools.wire.isRefused('save_weights', body), `a checkpoint was saved as ${JSON.stringify(path)}`);
      }
    },
  },
  {
    id: 'stored/same-name',
    shows: 'a name that is taken is refused once and for all, where it is; the same request again is no other save',
    needed: EVERY,
    async run(tools) {
      const { wire } = tools;
      const { model, path } = await saved(tools);
      const name = path.split('/').at(-1) ?? '';
      const body = { ...model.next(), path: name, overwrite: false, ttl_seconds: 3600, type: 'save_weights' };
      const reply = await wire.post('save_weights', body);
      if (!isOk(reply)) return wire.demandExplained('a save under a name that is taken', reply);
      const promise = promiseOf(wire.objectOf('POST save_weights', reply));
      const { request_id } = await wire.promised('save_weights', body);
      demand(request_id === promise.request_id, 'the same request to save is another one when it is sent again');
    },
  },
  {
    id: 'stored/listed',
    shows: 'a checkpoint is listed with its run, its kind and its time, until it is deleted',
    needed: EVERY,
    async run(tools) {
      const { wire } = tools;
      const { path } = await saved(tools);
      const run = path.replace('tinker://', '').split('/')[0];
      const told = await wire.got(`training_runs/${encodeURIComponent(run)}`);
      demand(fieldOf(told, 'training_run_id') === run, `the run is called ${JSON.stringify(told.training_run_id)}`);
      demand(fieldOf(told, 'base_model') === tools.model, `its base model is ${JSON.stringify(told.base_model)}`);
      const checkpoint = await listed(tools, path);
      demand(checkpoint !== undefined, `${path} is not listed`);
      const [id, type] = ['checkpoint_id', 'checkpoint_type'].map((name) => fieldOf(checkpoint, name));
      demand(type === 'training', `checkpoint_type is ${JSON.stringify(type)}`);
      demand(id === `weights/${path.split('/').at(-1)}`, `checkpoint_id is ${JSON.stringify(id)}`);
      const time = textAt(fieldOf(checkpoint, 'time'), 'time');
      demand(Number.isFinite(Date.parse(time)), `its time is ${time}`);
      wire.requireOk('DELETE of a checkpoint', await wire.send('DELETE', checkpointRoute(path)));
      demand((await listed(tools, path)) === undefined, 'a checkpoint that was deleted is listed');
    },
  },
  {
    id: 'stored/expires',
    shows: 'a checkpoint has the time to live that it is given, later too',
    needed: EVERY,
    async run(tools) {
      const { wire } = tools;
      const { path } = await saved(tools, { ttl_seconds: 7200 });
      const left = async () => Date.parse(String((await listed(tools, path))?.expires_at)) - Date.now();
      const first = await left();
      demand(first > 3_600_000 && first < 10_800_000, `it expires in ${Math.round(first / 1000)} s, not in 7200 s`);
      const put = (ttl_seconds: number | null) =>
        wire.send('PUT', `${checkpointRoute(path)}/ttl`, { json: { ttl_seconds } });
      wire.requireOk('PUT ttl', await put(86_400));
      demand((await left()) > 80_000_000, 'a longer time to live was not taken');
      wire.requireOk('PUT ttl of null', await put(null));
      const never = (await listed(tools, path))?.expires_at ?? null;
      demand(never === null, `without a time to live it expires at ${JSON.stringify(never)}`);
    },
  },
  {
    id: 'stored/published',
    shows: 'a checkpoint is published and withdrawn',
    needed: EVERY,
    async run(tools) {
      const { wire } = tools;
      const { path } = await saved(tools);
      for (const [method, wanted] of [
        ['POST', true],
        ['DELETE', false],
      ] as const) {
        wire.requireOk(`${method} publish`, await wire.send(method, `${checkpointRoute(path)}/publish`));
        const isPublic = (await listed(tools, path))?.public;
        demand(isPublic === wanted, `after ${method} publish public is ${JSON.stringify(isPublic)}`);
      }
    },
  },
  {
    id: 'stored/metadata',
    shows: 'what a client notes of a checkpoint is listed with it',
    needed: NONE,
    async run(tools) {
      const { path } = await saved(tools, { user_metadata: { step: '7' } });
      const told = (await listed(tools, path))?.user_metadata;
      demand(JSON.stringify(told) === '{"step":"7"}', `user_metadata is ${JSON.stringify(told)}`);
    },
  },
  {
    id: 'stored/archive',
    shows: 'a checkpoint can be downloaded as SDKs up to 0.25 do',
    needed: NONE,
    async run(tools) {
      const { wire } = tools;
      const model = await tools.trained();
      const body = { ...model.next(), path: tools.name(), ttl_seconds: 3600, type: 'save_weights_for_sampler' };
      const path = textAt(fieldOf(await wire.done('save_weights_for_sampler', body), 'path'), 'path');
      const reply = await wire.send('GET', `${checkpointRoute(wire.deletedLater(path))}/archive`);
      if (reply.status === 302) return;
      textAt(fieldOf(wire.objectOf('GET archive', reply), 'url'), 'url');
    },
  },
  {
    id: 'stored/external',
    shows: 'weights are saved in the files of other programs, and can be downloaded',
    needed: NONE,
    async run(tools) {
      const { wire } = tools;
      const model = await tools.trained();
      const body = { ...model.next(), path: tools.name(), ttl_seconds: 3600, type: 'save_weights_external' };
      const path = textAt(fieldOf(await wire.done('save_weights_external', body), 'path'), 'path');
      const route = checkpointRoute(wire.deletedLater(path));
      const urls = objectAt(fieldOf(await wire.got(`${route}/external_weights_urls`), 'urls'), 'urls');
      const names = Object.keys(urls);
      demand(
        names.some((name) => name.endsWith('.safetensors')),
        `the files are ${names.join(', ') || 'none'}`,
      );
    },
  },
  {
    id: 'stored/copied',
    shows: 'a checkpoint is copied to a run of the session',
    needed: NONE,
    async run(tools) {
      const { wire } = tools;
      const numbers = { session_id: await tools.session(), model_seq_id: tools.nextModelSeqId() };
      const copy = { source_path: await tools.state(), ...numbers, ttl_seconds: 3600 };
      const path = textAt(fieldOf(await wire.granted('copy_weights', copy), 'tinker_path'), 'tinker_path');
      await wire.granted('weights_info', { tinker_path: wire.deletedLater(path) });
    },
  },
];
