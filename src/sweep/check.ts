// What `validate` and `schema` ask about sweep files.

import type { Registry } from '../registry/registry.ts';
import { createInputs } from '../run_files/weights_reader.ts';
import type { LoadOptions } from '../spec/load.ts';
import { documentSchema } from '../spec/schema.ts';
import type { JsonObject } from '../util/json.ts';
import { sweepParams } from './grammar.ts';
import { runsOf } from './runs.ts';
import { loadSweep } from './sweep_file.ts';

/** @throws SpecError when the sweep could not be planned, whatever lies on disk */
export async function checkSweep(file: string, options: LoadOptions, registry: Registry): Promise<void> {
  const sweep = await loadSweep(file, options, registry);
  await runsOf(sweep, registry, { ...options, digests: createInputs() });
}

/** The JSON Schema of sweep files, for editors. */
export function sweepSchema(registry: Registry): JsonObject {
  return documentSchema('A sweep of cookbook', sweepParams, registry);
}
