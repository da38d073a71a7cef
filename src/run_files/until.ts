// until.json: how far a run may train for now. A sweep that gives up on runs lets each train to a step, and then decides whether it goes on.

import { join } from 'node:path';
import { RunDirectoryError } from '../util/errors.ts';
import { exists, jsonText, readJson, writeFileAtomic } from '../util/files.ts';
import { isCount, isNullOr, isOneOf, jsonShape } from '../util/json_shape.ts';

const UNTIL = 'until.json';

const untilShape = jsonShape<{ schema_version: 1; step: number | null }>({
  schema_version: isOneOf([1]),
  step: isNullOr(isCount),
});

/** Null = to its end. @throws RunDirectoryError for a file that cannot be read: training on would not be what was asked for */
export async function readUntil(directory: string): Promise<number | null> {
  const { value, problem } = await readJson(join(directory, UNTIL), untilShape);
  if (problem !== null) throw new RunDirectoryError(`${directory}: ${problem}`);
  return value?.step ?? null;
}

/** Before the run is handed over. A limit is raised, and never removed: a copy of the directory elsewhere would keep it. @param step steps completed; null = to its end */
export async function writeUntil(directory: string, step: number | null): Promise<void> {
  const path = join(directory, UNTIL);
  if (step === null && !(await exists(path))) return;
  await writeFileAtomic(path, jsonText({ schema_version: 1, step }));
}
