// What `validate` and `schema` ask about sweep files.

import type { Registry } from '../registry/registry.ts';
import { checkStages } from '../run/check_data.ts';
import { createInputs } from '../run_files/weights_reader.ts';
import { diagnosticAt } from '../spec/diagnostics.ts';
import type { Digests } from '../spec/digests.ts';
import type { LoadOptions } from '../spec/load.ts';
import { documentSchema } from '../spec/schema.ts';
import { searchSlot } from '../study/types.ts';
import { type Diagnostic, SpecError } from '../util/errors.ts';
import type { JsonObject } from '../util/json.ts';
import { sweepParams } from './grammar.ts';
import { runsOf, type SweepRuns } from './runs.ts';
import { searchedSpace } from './study/study_plan.ts';
import { loadSweep, type SweepFile } from './sweep_file.ts';
import type { SweepRun } from './sweep_run.ts';

/** @throws SpecError when the sweep could not be planned, or something is wrong with the data of its runs */
export async function checkSweep(file: string, options: LoadOptions, registry: Registry): Promise<void> {
  const sweep = await loadSweep(file, options, registry);
  const { runs, stagesOf } = await runsToCheck(sweep, registry, { ...options, digests: createInputs() });
  const { document, at } = sweep.base;
  const diagnostics = new Map<string, Diagnostic>();
  for (const run of differentData(runs)) {
    for (const { path, part, message } of await checkStages(stagesOf(run), registry)) {
      const whole = [...at, ...path];
      diagnostics.set(message, diagnosticAt(document.placeOf(whole, part), whole, message));
    }
  }
  if (diagnostics.size > 0) throw new SpecError([...diagnostics.values()]);
}

/** Of a search, those of one trial: it has no others before it asks. */
async function runsToCheck(
  sweep: SweepFile,
  registry: Registry,
  loading: LoadOptions & { digests: Digests },
): Promise<Pick<SweepRuns, 'runs' | 'stagesOf'>> {
  const search = await registry.build(searchSlot, sweep.fields.search, {});
  if (search.kind === 'all') return await runsOf(sweep, registry, loading);
  const { sample, trials } = await searchedSpace(sweep, registry, { ...loading, search });
  await search.close?.();
  return { runs: sample, stagesOf: trials.stagesOf };
}

/** One run of each choice of data: numbers, which most axes hold, name none. */
function differentData(runs: readonly SweepRun[]): SweepRun[] {
  const chosen = new Map<string, SweepRun>();
  for (const run of runs) {
    const named = run.point.filter(({ value }) => typeof value !== 'number');
    const key = JSON.stringify(named.map(({ field, value }) => [field, value]));
    if (!chosen.has(key)) chosen.set(key, run);
  }
  return [...chosen.values()];
}

/** The JSON Schema of sweep files, for editors. */
export function sweepSchema(registry: Registry): JsonObject {
  return documentSchema('A sweep of cookbook', sweepParams, registry);
}
