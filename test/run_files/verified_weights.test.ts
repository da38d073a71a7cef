// Weights that were changed since their run saved them are named, wherever they are about to be used.

import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CheckpointFile, type LoggedRows } from '../../src/run_files/checkpoint_log.ts';
import { verifiedWeights } from '../../src/run_files/verified_weights.ts';
import type { ResolveOptions } from '../../src/run_files/weights_reference.ts';
import type { CheckpointRecord } from '../../src/training/types.ts';
import { writeRun } from '../report/run_directories.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const SAMPLE: ResolveOptions = { purpose: 'sample', unfinished: 'newest' };
const TRAIN: ResolveOptions = { purpose: 'train', unfinished: 'refuse' };
const noRows: LoggedRows = { flush: async () => undefined, digest: () => '', digestBefore: async () => '' };
const FINAL: CheckpointRecord = {
  name: 'final',
  batch: 4,
  epoch: 0,
  final: true,
  state_path: 'tinker://local/weights/final',
  sampler_path: 'tinker://local/sampler_weights/final',
};

const STATE = 'checkpoints/weights/final/adapter_model.safetensors';
const SAMPLER = 'checkpoints/sampler_weights/final/adapter_model.safetensors';

async function finishedRun(): Promise<string> {
  const run = writeRun(join(await temporaryDirectory(), 'run'), { state: 'done' });
  for (const [i, file] of [STATE, SAMPLER].entries()) {
    await mkdir(join(run, file, '..'), { recursive: true });
    await writeFile(join(run, file), `weights ${i}`);
  }
  const log = await CheckpointFile.open(run, new AbortController().signal, noRows);
  await log.append(FINAL);
  log.close();
  return run;
}

it('are found as they were saved, wherever the run lies by now', async () => {
  const run = await finishedRun();
  await rename(run, `${run}.moved`);
  expect((await verifiedWeights(`${run}.moved`, TRAIN)).model_path).toBe(join(`${run}.moved`, STATE, '..'));
  expect((await verifiedWeights(`${run}.moved`, SAMPLE)).model_path).toBe(join(`${run}.moved`, SAMPLER, '..'));
});

it.each<[string, ResolveOptions, string, (path: string) => Promise<unknown>, string]>([
  ['another state', TRAIN, STATE, (path) => writeFile(path, 'weights 7'), 'is not the file that checkpoint final'],
  ['other weights', SAMPLE, SAMPLER, (path) => writeFile(path, 'weights 7'), 'is not the file that checkpoint final'],
  ['a file that is gone', SAMPLE, SAMPLER, (path) => rm(path), 'is missing from checkpoint final'],
  [
    'a device in the place of a file',
    SAMPLE,
    SAMPLER,
    (path) => rm(path).then(() => symlink('/dev/zero', path)),
    'is not the file that checkpoint final',
  ],
])('%s', async (_, options, file, damage, message) => {
  const run = await finishedRun();
  await damage(join(run, file));
  await expect(verifiedWeights(run, options)).rejects.toMatchObject({
    code: 'DATA_FORMAT',
    message: expect.stringContaining(`${file}: it ${message}`),
  });
});

it('a record that was edited', async () => {
  const run = await finishedRun();
  const path = join(run, 'checkpoints.jsonl');
  await writeFile(path, (await readFile(path, 'utf8')).replace('"batch":4', '"batch":5'));
  await expect(verifiedWeights(run, TRAIN)).rejects.toThrow('the line of checkpoint final is not the one');
});

it('a run is not gone on with when what it ended with was changed', async () => {
  const run = await finishedRun();
  await writeFile(join(run, SAMPLER), 'weights 7');
  const log = await CheckpointFile.open(run, new AbortController().signal, noRows);
  await expect(log.verify(FINAL)).rejects.toThrow(`${SAMPLER}: it is not the file`);
  log.close();
});
