// The files of a submission beside the runs of its sweep: tasks.json says which task of an array executes which run directory.

import { dirname, join } from 'node:path';
import { RunDirectoryError } from '../../../util/errors.ts';
import { jsonText, makeDirectory, readJson, shortPath, writeFileAtomic } from '../../../util/files.ts';
import { isArrayOf, isOneOf, isString, jsonShape } from '../../../util/json_shape.ts';
import { SCRIPT, TASKS } from './batch.ts';

interface TaskList {
  schema_version: 1;
  submission: string;
  /** Absolute, by the number of the task. */
  directories: string[];
}

const taskListShape = jsonShape<TaskList>({
  schema_version: isOneOf([1]),
  submission: isString,
  directories: isArrayOf(isString),
});

/** Where the files of a submission lie. They are never changed, and no other submission has their names. */
export function submissionDirectory(runDirectory: string, submission: string): string {
  return join(dirname(runDirectory), 'slurm', submission);
}

export async function writeSubmission(
  directory: string,
  { submission, directories, script }: { submission: string; directories: readonly string[]; script: string },
): Promise<void> {
  await makeDirectory(directory);
  await writeFileAtomic(join(directory, TASKS), jsonText({ schema_version: 1, submission, directories }));
  await writeFileAtomic(join(directory, SCRIPT), script);
}

/** @throws RunDirectoryError for a file that cannot be read */
export async function readTaskList(path: string): Promise<TaskList> {
  const { value, problem } = await readJson(path, taskListShape);
  if (value === null) throw new RunDirectoryError(`${shortPath(path)}: ${problem ?? 'there is no such file'}`);
  return value;
}
