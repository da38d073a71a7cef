// A sweep's own files, sweep.json and plan.json, and the lease under which the directories of its runs are created.

import { join } from 'node:path';
import { stageRecord } from '../run/record.ts';
import { awaitLease } from '../run_files/lease.ts';
import { jsonText, makeDirectory, writeFileAtomic } from '../util/files.ts';
import type { SweepPlan } from './plan.ts';
import { valuesOf } from './space.ts';
import { mostRuns } from './study/study_plan.ts';

/**
 * Freezes a plan to disk before anything runs: sweep.json says what was asked for, plan.json lists every run. A later plan
 * of the same directory replaces both; what was run is in the run directories themselves.
 */
export async function freezePlan(plan: SweepPlan, argv: readonly string[]): Promise<void> {
  const { log_path, fields, base, file, size, runs, study } = plan;
  await makeDirectory(log_path);
  const created_at = new Date().toISOString();
  const axes = size.axes.map(({ label, choices }) => ({ label, size: choices.length }));
  // Its runs are those that were asked for so far.
  const most = study === null ? {} : { most_runs: mostRuns({ runs, study }) };
  const sweep = { schema_version: 1, created_at, file, argv: [...argv], axes, ...most, ...fields, base };
  await writeFileAtomic(join(log_path, 'sweep.json'), jsonText(sweep));
  const rows = runs.map(({ name, hash, config_hash, configuration, seed, state, stage, after }) =>
    JSON.stringify({
      name,
      hash,
      config_hash,
      axes: valuesOf(configuration),
      seed,
      state,
      ...(stage === null ? {} : { stage: stageRecord(stage, after) }),
    }),
  );
  const text = `{"schema_version":1,"created_at":"${created_at}","runs":[\n${rows.join(',\n')}\n]}\n`;
  await writeFileAtomic(join(log_path, 'plan.json'), text);
}

/** Holds the sweep directory's lease, which others hold for moments only, while `operation` goes on. */
export async function underSweepLease<T>(log_path: string, operation: () => Promise<T>): Promise<T> {
  const lease = await awaitLease(log_path, Number.POSITIVE_INFINITY);
  try {
    return await operation();
  } finally {
    await lease.release();
  }
}
