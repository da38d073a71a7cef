// job.json: what executes a run, and how to find it again. Written before a run is handed over, and completed after, so that a
// kill between the two leaves word that somebody may be at work there.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { jsonText, type Reading, readJson, writeFileAtomic } from '../util/files.ts';
import { isJsonObject, type JsonObject } from '../util/json.ts';
import { isCount, isNullOr, isOneOf, isString, jsonShape } from '../util/json_shape.ts';
import { type ProcessIdentity, processShape, thisProcess } from '../util/liveness.ts';

export interface JobRecord {
  schema_version: 1;
  /** Name of the executor's builder. */
  executor: string;
  /** Shared by the runs that were handed over in one call, and the place of this one among them: names to give to a queue. */
  submission: string;
  index: number;
  submitted_by: ProcessIdentity;
  submitted_at: string;
  /** What the executor finds the job by; null when it was never written down. */
  handle: JsonObject | null;
}

const jobShape = jsonShape<JobRecord>({
  schema_version: isOneOf([1]),
  executor: isString,
  submission: isString,
  index: isCount,
  submitted_by: processShape.is,
  submitted_at: isString,
  handle: isNullOr(isJsonObject),
});

/** A queue takes ten thousand runs at a time, and a process may have a thousand files open. */
const OPEN_AT_A_TIME = 32;

export async function readJob(directory: string): Promise<Reading<JobRecord>> {
  return await readJson(jobPath(directory), jobShape);
}

/** Says of runs, before they are handed over in one call, that they will be. */
export async function announceJobs(executor: string, directories: readonly string[]): Promise<JobRecord[]> {
  const submission = randomUUID();
  const submitted_by = thisProcess();
  const submitted_at = new Date().toISOString();
  const records = directories.map((_, index): JobRecord => {
    return { schema_version: 1, executor, submission, index, submitted_by, submitted_at, handle: null };
  });
  const limit = pLimit(OPEN_AT_A_TIME);
  const write = (directory: string, i: number) => writeFileAtomic(jobPath(directory), jsonText(records[i] ?? {}));
  await Promise.all(directories.map((directory, i) => limit(() => write(directory, i))));
  return records;
}

/** Says what a run that was handed over is found by. */
export async function recordJob(directory: string, record: JobRecord, handle: JsonObject): Promise<void> {
  await writeFileAtomic(jobPath(directory), jsonText({ ...record, handle }));
}

function jobPath(directory: string): string {
  return join(directory, 'job.json');
}
