// What a point of a sweep asks for where its base has stages: a run a stage, known by its identity, so that points which agree in
// a stage and in all that it starts from have that one run.

import { parsePath, valueAt } from '../spec/path.ts';
import type { Stage } from '../spec/pipeline.ts';
import type { IdentifiedStage } from '../spec/stage_identity.ts';
import { isJsonObject, type JsonValue } from '../util/json.ts';
import type { Assignment, Configuration } from './space.ts';
import type { SweepFile } from './sweep_file.ts';
import type { SweepRun } from './sweep_run.ts';

/** The stages whose fields each stage refers to by `${stages.NAME.…}`, by name. */
export type References = ReadonlyMap<string, ReadonlySet<string>>;

export function referencesOf({ base: { document, at } }: SweepFile): References {
  const template = valueAt(document.template, at);
  const stages = isJsonObject(template) && isJsonObject(template.stages) ? template.stages : {};
  return new Map(Object.entries(stages).map(([name, stage]) => [name, stagesNamedIn(stage)]));
}

function stagesNamedIn(stage: JsonValue): Set<string> {
  const references = JSON.stringify(stage).match(/\$\{[^{}]*\}/g) ?? [];
  return new Set(references.flatMap((text) => /\bstages\.([A-Za-z][\w-]*)/.exec(text)?.[1] ?? []));
}

/** The runs of one point and seed, each behind those that it starts from. */
export function stageRuns(
  stages: readonly IdentifiedStage[],
  point: Configuration,
  references: References,
): SweepRun[] {
  return stages.map((stage) => {
    if (stage.name === null) return stageRun(stage, point, point);
    const deciding = decisive(stage.name, stages, references);
    return stageRun(
      stage,
      point,
      point.filter((assignment) => bearsOn(assignment, deciding)),
    );
  });
}

/** @param configuration what the point sets that decides it */
export function stageRun(
  { name, spec, identity, producers }: IdentifiedStage,
  point: Configuration,
  configuration: Configuration,
): SweepRun {
  return {
    configuration,
    point,
    seed: identity.seed,
    stage: name,
    after: producers,
    hash: identity.hash,
    config_hash: identity.config_hash,
    max_steps: typeof spec.max_steps === 'number' ? spec.max_steps : null,
  };
}

/** A stage, those that it starts from and those that it refers to, and theirs. */
function decisive(name: string, stages: readonly Stage[], references: References): Set<string> {
  const found = new Set<string>([name]);
  // A set that grows while it is gone through is gone through to its new end.
  for (const each of found) {
    for (const producer of stages.find((stage) => stage.name === each)?.after ?? []) found.add(producer);
    for (const other of references.get(each) ?? []) found.add(other);
  }
  return found;
}

/** What is set beside the stages is for all of them. */
function bearsOn({ field }: Assignment, stages: ReadonlySet<string>): boolean {
  const [root, stage] = parsePath(field) ?? [];
  return root !== 'stages' || stage === undefined || stages.has(String(stage));
}
