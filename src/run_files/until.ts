// until.json: how far a run may train for now. A sweep that gives up on runs lets each train to a step, and then decides whether it goes on.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RunDirectoryError } from '../util/errors.ts';
import { jsonText, readJson, writeFileAtomic } from '../util/files.ts';
import { isCount, isOneOf, jsonShape } from '../util/json_shape.ts';

const UNTIL = 'until.json';

const untilShape = jsonShape<{ schema_version: 1; step: number }>({ schema_version: isOneOf([1]), step: isCount });

/** Null = to its end. @throws RunDirectoryError for a file that cannot be read: training on would not be what was asked for */
export async function readUntil(directory: string): Promise<number | null> {
  const { value, problem } = await readJson(join(directory, UNTIL), untilShape);
  if (problem !== null) throw new RunDirectoryError(`${directory}: ${problem}`);
  return value?.step ?? null;
}

/** Before the run is handed over. @param step steps completed; null = to its end */
export async function writeUntil(directory: string, step: number | null): Promise<void> {
  const path = join(directory, UNTIL);
  if (step === null) await rm(path, { force: true });
  else await writeFileAtomic(path, jsonText({ schema_version: 1, step }));
}
