// run.json: what a run is and where it comes from, put together once before anything runs.

import type { Headline } from '../registry/headline.ts';
import type { RunRecord } from '../run_files/types.ts';
import type { Identity, RunSpec } from '../spec/types.ts';
import type { JsonValue } from '../util/json.ts';
import type { Provenance } from './provenance.ts';

export interface RunRecordInput {
  name: string;
  identity: Identity;
  spec: RunSpec;
  headline?: readonly Headline[];
  provenance: Provenance;
  /** The command line behind the name of the program. */
  argv: readonly string[];
  axes?: Record<string, JsonValue>;
  objective?: RunRecord['objective'];
}

export function makeRunRecord({
  name,
  identity,
  spec,
  headline = [],
  provenance,
  argv,
  axes = {},
  objective = null,
}: RunRecordInput): RunRecord {
  return {
    schema_version: 1,
    name,
    identity,
    spec,
    axes,
    objective,
    headline: [...headline],
    versions: provenance.versions,
    git: provenance.git,
    argv: [...argv],
    created_at: new Date().toISOString(),
  };
}
