// The directory of a training run goes with its last checkpoint, once nobody trains the run: also where a kill came in between.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/temporary_directory.ts';
import { type JsonClient, openModel, openServer } from '../../support/tinker_server.ts';

const runsIn = (data: string) => readdir(join(data, 'runs'));

async function saved(client: JsonClient, ...names: string[]) {
  const { session_id, model_id } = await openModel(client);
  for (const [at, path] of names.entries()) await client.done('save_weights', { model_id, seq_id: at + 1, path });
  const run = `training_runs/${encodeURIComponent(model_id)}`;
  const remove = async (name: string) => (await client.send('DELETE', `${run}/checkpoints/weights/${name}`)).status;
  const endSession = () => client.send('DELETE', `sessions/${session_id}`);
  return { session_id, model_id, run, remove, endSession };
}

it('goes when its last checkpoint is deleted, and no earlier', async () => {
  const data = await temporaryDirectory();
  const first = await openServer({ data });
  const { run } = await saved(first.client, 'one', 'two');
  await first.close();
  const { client } = await openServer({ data });
  const remove = async (name: string) => (await client.send('DELETE', `${run}/checkpoints/weights/${name}`)).status;
  expect(await remove('one')).toBe(204);
  expect(await runsIn(data)).toHaveLength(1);
  expect((await client.send('GET', run)).status).toBe(200);
  expect(await remove('two')).toBe(204);
  expect(await runsIn(data)).toEqual([]);
  expect((await client.send('GET', run)).status).toBe(404);
  expect(await remove('two')).toBe(404);
  expect((await client.send('GET', 'training_runs')).body).toMatchObject({ training_runs: [] });
});

it('stays while the run is trained, which may save others, and goes with its session', async () => {
  const data = await temporaryDirectory();
  const server = await openServer({ data });
  const { client } = server;
  const { model_id, run, remove } = await saved(client, 'one');
  expect(await remove('one')).toBe(204);
  expect((await client.send('GET', run)).status).toBe(200);
  expect(await client.done('save_weights', { model_id, seq_id: 2, path: 'two' })).toHaveProperty('path');
  expect(await runsIn(data)).toHaveLength(1);
  expect(await remove('two')).toBe(204);
  await server.close();
  expect(await runsIn(data)).toEqual([]);
});

it('goes with a copy that is deleted', async () => {
  const data = await temporaryDirectory();
  const { client } = await openServer({ data });
  const { model_id } = await saved(client, 'one');
  const source_path = `tinker://${model_id}/weights/one`;
  const { tinker_path } = await client.granted('copy_weights', { source_path, destination_project_id: 'elsewhere' });
  expect(await runsIn(data)).toHaveLength(2);
  const [copy] = String(tinker_path).replace('tinker://', '').split('/');
  const one = `training_runs/${encodeURIComponent(copy)}/checkpoints/weights/one`;
  expect((await client.send('DELETE', one)).status).toBe(204);
  expect(await runsIn(data)).toEqual([model_id.replaceAll(':', '-')]);
});

it('goes when the server is started again, where a kill came before', async () => {
  const data = await temporaryDirectory();
  const first = await openServer({ data });
  const { model_id } = await saved(first.client, 'one');
  await first.close();
  const [name] = await runsIn(data);
  const run = join(data, 'runs', String(name));
  const record = { training_run_id: model_id, base_model: 'tiny', lora_rank: 4, checkpoints: [] };
  const before = { ...JSON.parse(await readFile(join(run, 'training_run.json'), 'utf8')), ...record };
  // Its record says that nothing is left, and what was saved lies there still.
  await writeFile(join(run, 'training_run.json'), JSON.stringify(before));
  // Of another the record is gone already.
  await mkdir(join(data, 'runs', 'half', 'weights'), { recursive: true });
  // What is not the server's stays.
  await mkdir(join(data, 'runs', 'notes'));
  await writeFile(join(data, 'runs', 'notes', 'read.me'), 'mine');
  await openServer({ data });
  expect(await runsIn(data)).toEqual(['notes']);
});
