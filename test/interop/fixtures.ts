// What the tests of the suite are given: the reference, a directory and an engine of their own.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, inject } from 'vitest';
import { LocalServiceClient } from '../../src/engine/service.ts';
import { Agreement } from './agreement.ts';
import { startReference } from './reference.ts';

const python = inject('python');

const withFixtures = base
  // One Python process and one table for the whole suite: importing PyTorch takes seconds.
  .extend('reference', { scope: 'worker' }, ({}, { onCleanup }) => {
    if (python === null) throw new Error('there is no reference to start');
    const reference = startReference(python);
    onCleanup(() => reference.stop());
    return reference;
  })
  .extend('agreement', { scope: 'worker' }, ({}, { onCleanup }) => {
    const agreement = new Agreement();
    onCleanup(() => console.log(agreement.table().join('\n')));
    return agreement;
  })
  .extend('directory', async ({}, { onCleanup }) => {
    const directory = await mkdtemp(join(tmpdir(), 'cookbook-interop-'));
    onCleanup(() => rm(directory, { recursive: true }));
    return directory;
  })
  .extend('service', ({ directory }, { onCleanup }) => {
    const options = { checkpointsPath: join(directory, 'checkpoints'), threads: 2, microbatchTokens: 128, seed: 3 };
    const service = new LocalServiceClient(options);
    onCleanup(() => service.close());
    return service;
  });

/** `test`, skipped where there is no reference. */
export const test = withFixtures.skipIf(python === null);
