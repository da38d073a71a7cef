// What `validate` and `schema` ask about sweep files.

import type { Registry } from '../registry/registry.ts';
import { checkStages } from '../run/check_data.ts';
import { createInputs } from '../run_files/weights_reader.ts';
import { diagnosticAt } from '../spec/diagnostics.ts';
import type { LoadOptions } from '../spec/load.ts';
import { documentSchema } from '../spec/schema.ts';
import { type Diagnostic, SpecError } from '../util/errors.ts';
import type { JsonObject } from '../util/json.ts';
import { sweepParams } from './grammar.ts';
import { runsOf } from './runs.ts';
import { loadSweep } from './sweep_file.ts';
import type { SweepRun } from './sweep_run.ts';

/** @throws SpecError when the sweep could not be planned, or something is wrong with the data of its runs */
export async function checkSweep(file: string, options: LoadOptions, registry: Registry): Promise<void> {
  const sweep = await loadSweep(file, options, registry);
  const { runs, stagesOf } = await runsOf(sweep, registry, { ...options, digests: createInputs() });
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
