// What job.json keeps of a Slurm job, and what it says of one whose submission failed.

import type { JobRecord } from '../../../run_files/job.ts';
import type { JsonObject } from '../../../util/json.ts';
import { isBoolean, isCount, isString, jsonShape } from '../../../util/json_shape.ts';

export const SLURM = 'slurm';

export interface SlurmHandle {
  cluster: string;
  array_job_id: number;
  task: number;
  submit_time: string;
  /** Whether srun starts the run, so that signals go to a step of the job. */
  srun: boolean;
  /** How often the run had been tried before. */
  attempts: number;
}

const handleShape = jsonShape<SlurmHandle>({
  cluster: isString,
  array_job_id: isCount,
  task: isCount,
  submit_time: isString,
  srun: isBoolean,
  attempts: isCount,
});

/** Null where it was never written down. */
export function handleOf({ handle }: JobRecord): SlurmHandle | null {
  return handleShape.is(handle) ? handle : null;
}

export function refused(message: string): JsonObject {
  return { refused: message };
}

/** Whether Slurm is known not to have taken it. */
export function wasRefused({ handle }: JobRecord): boolean {
  return typeof handle?.refused === 'string';
}
