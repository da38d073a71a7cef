// Where a run goes on: its newest state, held against what was saved, and the rows of exactly the steps before it.

import { join } from 'node:path';
import { DataFormatError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { dropIterations } from './iteration_directory.ts';
import type { CheckpointRecord, Metrics, TrainingContext } from './types.ts';

/** A checkpoint that training can resume from. */
export type StateRecord = CheckpointRecord & { state_path: string };

export interface Past {
  records: CheckpointRecord[];
  resumed: StateRecord | null;
}

/** All checkpoints of a run, and the newest that it can go on from; the log of metrics, and what steps have left, end before it afterwards. */
export async function resumeRun({ checkpoints, metrics, logPath }: TrainingContext): Promise<Past> {
  await checkpoints.tidy();
  const records = await checkpoints.list();
  const resumed = records.findLast(hasState) ?? null;
  if (resumed !== null) {
    checkRows(await metrics.read(), resumed.batch, join(logPath, 'metrics.jsonl'));
    await checkpoints.verify(resumed);
  }
  const batch = resumed?.batch ?? 0;
  await metrics.rewind(batch);
  await dropIterations(logPath, batch);
  return { records, resumed };
}

function hasState(record: CheckpointRecord): record is StateRecord {
  return record.state_path !== undefined;
}

/** Rows in ascending order say of each step before the checkpoint how it went. */
function checkRows(rows: readonly Metrics[], batch: number, path: string): void {
  const steps = rows.map(({ step }) => Number(step)).filter((step) => step < batch);
  const at = steps.findIndex((step, index) => step !== index);
  if (at === -1 && steps.length === batch) return;
  const missing = at === -1 ? steps.length : at;
  const what = at === -1 || steps[at] > at ? `the row of step ${missing} is missing` : `step ${steps[at]} has two rows`;
  throw new DataFormatError(`${shortPath(path)}: ${what}`, {
    hint: 'Something else than cookbook has changed the file. Put it back as it was, or start afresh with if_exists=delete.',
  });
}
