// run.json: what a run is and where it comes from, put together once before anything runs.

import type { Headline } from '../registry/headline.ts';
import type { RunRecord } from '../run_files/types.ts';
import type { Producer } from '../spec/stage_identity.ts';
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
  stage?: RunRecord['stage'];
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
  stage,
}: RunRecordInput): RunRecord {
  return {
    schema_version: 1,
    name,
    identity,
    spec,
    axes,
    objective,
    ...(stage === undefined ? {} : { stage }),
    headline: [...headline],
    versions: provenance.versions,
    git: provenance.git,
    argv: [...argv],
    created_at: new Date().toISOString(),
  };
}

/** What run.json says of a stage: its name, and the runs that it starts from. */
export function stageRecord(name: string, producers: readonly Producer[]): NonNullable<RunRecord['stage']> {
  return { name, after: producers.map(({ stage, hash }) => ({ stage, hash })) };
}
