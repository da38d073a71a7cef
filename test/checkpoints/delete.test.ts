import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type DeleteOptions, deleteCheckpoint } from '../../src/checkpoints/delete.ts';
import { takeLease } from '../../src/run_files/lease.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { listedAs, serve } from './support/checkpoint_service.ts';
import { runDirectory, saved } from './support/runs.ts';

const SILENT = { env: {}, notify: () => undefined };
const given = (options: Partial<DeleteOptions>): DeleteOptions => ({
  ...SILENT,
  checkpoint: null,
  yes: true,
  force: false,
  confirm: null,
  ...options,
});

async function localRun(state = 'done') {
  const checkpoints = [saved('000010', 10, 'local'), saved('000020', 20, 'local')];
  const directory = await runDirectory(await temporaryDirectory(), {
    service: { builder: 'local' },
    state,
    checkpoints,
  });
  return {
    directory,
    left: async () => ({
      log: (await readFile(join(directory, 'checkpoints.jsonl'), 'utf8')).match(/"name":"\w+"/g),
      states: await readdir(join(directory, 'checkpoints/weights')),
      samplers: await readdir(join(directory, 'checkpoints/sampler_weights')),
    }),
  };
}

it('of a run here, its line in the log and all that was saved of it go', async () => {
  const { directory, left } = await localRun();
  expect(await deleteCheckpoint(directory, given({ checkpoint: '000010' }))).toEqual([
    join(directory, 'checkpoints/weights/000010'),
    join(directory, 'checkpoints/sampler_weights/000010'),
  ]);
  expect(await left()).toEqual({ log: ['"name":"000020"'], states: ['000020'], samplers: ['000020'] });
});

it('nothing goes without a name, without a yes, or while the run is under way', async () => {
  const { directory, left } = await localRun();
  const before = await left();
  const questions: string[] = [];
  const confirm = async (question: string) => {
    questions.push(question);
    return false;
  };
  await expect(deleteCheckpoint(directory, given({}))).rejects.toMatchObject({
    hint: 'Name it with --checkpoint: 000010, 000020.',
  });
  const asked = { checkpoint: '000010', yes: false };
  expect(await deleteCheckpoint(directory, given({ ...asked, confirm }))).toEqual([]);
  expect(questions).toEqual([
    `delete ${directory}/checkpoints/weights/000010 and ${directory}/checkpoints/sampler_weights/000010 for good`,
  ]);
  await expect(deleteCheckpoint(directory, given(asked))).rejects.toMatchObject({ exitCode: 2, hint: 'Pass --yes.' });
  const lease = await takeLease(directory);
  await expect(deleteCheckpoint(directory, given({ checkpoint: '000010' }))).rejects.toThrow('in use');
  await lease.release();
  expect(await left()).toEqual(before);
});

it('what an unfinished run goes on from goes only by force', async () => {
  const { directory, left } = await localRun('interrupted');
  await expect(deleteCheckpoint(directory, given({ checkpoint: '000020' }))).rejects.toMatchObject({
    code: 'CHECKPOINT',
    hint: 'Pass --force to delete it all the same.',
  });
  await deleteCheckpoint(directory, given({ checkpoint: '000010' }));
  await deleteCheckpoint(directory, given({ checkpoint: '000020', force: true }));
  expect(await left()).toEqual({ log: null, states: [], samplers: [] });
});

it('no name in the log leads out of the run', async () => {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'other'));
  await writeFile(join(directory, 'other/file'), '');
  const line = { name: '000010', batch: 10, epoch: 0, state_path: 'tinker://local/../../other' };
  const run = await runDirectory(directory, { service: { builder: 'local' }, checkpoints: [] });
  await writeFile(join(run, 'checkpoints.jsonl'), `${JSON.stringify(line)}\n`);
  await expect(deleteCheckpoint(run, given({ checkpoint: '000010' }))).rejects.toThrow('which is no checkpoint');
  expect(await readdir(join(directory, 'other'))).toEqual(['file']);
});

it('of a run on a service, what is gone there already is as good as deleted', async () => {
  const { url, requests } = await serve({ 'DELETE training_runs/s/checkpoints/weights/000010': { status: 204 } });
  const service = { builder: 'tinker', base_url: url };
  const checkpoints = [saved('000010', 10, 's'), saved('000020', 20, 's')];
  const run = await runDirectory(await temporaryDirectory(), { service, checkpoints });
  await deleteCheckpoint(run, given({ checkpoint: '000010' }));
  expect(requests().filter((each) => each.startsWith('DELETE'))).toEqual([
    'DELETE training_runs/s/checkpoints/weights/000010',
    'DELETE training_runs/s/checkpoints/sampler_weights/000010',
  ]);
  expect(await readFile(join(run, 'checkpoints.jsonl'), 'utf8')).not.toContain('000010');
});

it('of a run on a service, its line stays for as long as the service has not deleted', async () => {
  const refused = { status: 403, json: { detail: 'not yours' } };
  const { url } = await serve({ 'DELETE training_runs/s/checkpoints/weights/000010': refused });
  const service = { builder: 'tinker', base_url: url };
  const run = await runDirectory(await temporaryDirectory(), { service, checkpoints: [saved('000010', 10, 's')] });
  await expect(deleteCheckpoint(run, given({ checkpoint: '000010' }))).rejects.toThrow('not yours');
  expect(await readFile(join(run, 'checkpoints.jsonl'), 'utf8')).toContain('000010');
});

it('of a run that a service alone knows, the newest state stays until one is called final', async () => {
  const states = ['000010', '000020'].map((name, i) =>
    listedAs(`tinker://s/weights/${name}`, { time: `2026-10-01T1${i}:00:00Z` }),
  );
  const list = { checkpoints: states };
  const { url, requests } = await serve({
    'GET training_runs/s/checkpoints': () => ({ json: list }),
    'DELETE training_runs/s/checkpoints/weights/000020': { status: 204 },
  });
  const options = given({ env: { TINKER_BASE_URL: url } });
  await expect(deleteCheckpoint('tinker://s/weights/000020', options)).rejects.toThrow('nothing called "final"');
  list.checkpoints = [...states, listedAs('tinker://s/sampler_weights/final')];
  expect(await deleteCheckpoint('tinker://s/weights/000020', options)).toEqual(['tinker://s/weights/000020']);
  expect(requests().filter((each) => each.startsWith('DELETE'))).toHaveLength(1);
});
