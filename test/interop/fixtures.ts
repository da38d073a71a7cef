// What the tests of the suite are given: the reference, and a directory and an engine of their own.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, inject } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import { agreementFor } from './agreement.ts';
import { startReference } from './reference.ts';

const withFixtures = base
  .extend('python', { scope: 'worker' }, inject('python'))
  // One process for the whole suite: importing PyTorch takes seconds.
  .extend('reference', { scope: 'worker' }, ({ python }, { onCleanup }) => {
    if (python === null) throw new Error('there is no reference to start');
    const reference = startReference(python);
    onCleanup(() => reference.stop());
    return reference;
  })
  .extend('expectAgreement', ({ task }) => agreementFor(task.meta))
  .extend('directory', async ({ onTestFinished }) => {
    const directory = await mkdtemp(join(tmpdir(), 'cookbook-interop-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    return directory;
  })
  .extend('service', ({ directory }, { onCleanup }) => {
    const options = { checkpoints: join(directory, 'checkpoints'), threads: 2, microbatchTokens: 128, seed: 3 };
    const service = openLocalService(options);
    onCleanup(() => service.close());
    return service;
  });

/** `test`, skipped where there is no reference. */
export const test = withFixtures.skipIf(inject('python') === null);
