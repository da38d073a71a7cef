// What the tests of model files share: a temporary directory for each test, and the message of a known error.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { WeightsError } from '../../src/util/errors.ts';

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'weights-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** The message of the WeightsError that the promise ends with, its directory left out; anything else fails the test. */
export async function weightsErrorOf(promise: Promise<unknown>, directory: string): Promise<string> {
  const error = await promise.then(
    () => new Error('it passed'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof WeightsError)) throw error;
  expect(error.message).toContain(directory);
  return error.message.replaceAll(`${directory}/`, '');
}
