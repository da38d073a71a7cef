// status.json: states are on disk when they are told, steps soon after, and no older status lands on a newer one.

import { readdir } from 'node:fs/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { exitCodeOf, pendingStatus, readStatus, StatusFile } from '../../src/run_files/status.ts';
import { RUN_STATES } from '../../src/run_files/types.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

async function statusFile() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const directory = await temporaryDirectory();
  const onDisk = async () => (await readStatus(directory)).value;
  return { file: new StatusFile(directory, pendingStatus(), new AbortController().signal), directory, onDisk };
}

it('a change of state is on disk before it returns', async () => {
  const { file, directory, onDisk } = await statusFile();
  await file.change({ state: 'running', attempt: 1 });
  expect(await onDisk()).toEqual(file.current);
  expect(await readdir(directory)).toEqual(['status.json']);
});

it('steps are written together, once a second', async () => {
  const { file, onDisk } = await statusFile();
  await file.change({ state: 'running' });
  for (let step = 1; step <= 50; step++) file.changeSoon({ step });
  expect((await onDisk())?.step).toBe(0);
  vi.advanceTimersByTime(1_000);
  await file.close();
  expect((await onDisk())?.step).toBe(50);
});

it('a change of state takes the steps along, and nothing is written after it', async () => {
  const { file, onDisk } = await statusFile();
  file.changeSoon({ step: 7 });
  await file.change({ state: 'done' });
  expect(await onDisk()).toMatchObject({ state: 'done', step: 7 });
  const last = await onDisk();
  vi.advanceTimersByTime(5_000);
  await file.close();
  expect(await onDisk()).toEqual(last);
});

it('changes that are not awaited land in their order', async () => {
  const { file, onDisk } = await statusFile();
  const changes = [1, 2, 3, 4, 5].map((step) => file.change({ step }));
  await Promise.all(changes);
  expect((await onDisk())?.step).toBe(5);
});

it('every state has its exit code', () => {
  expect(Object.fromEntries(RUN_STATES.map((state) => [state, exitCodeOf(state)]))).toEqual({
    pending: 3,
    running: 3,
    done: 0,
    stopped: 0,
    diverged: 0,
    failed: 1,
    interrupted: 3,
  });
});
