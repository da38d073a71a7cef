// The runs that a spec asks for: one, or several stages of which later ones start from the weights of earlier ones. Pure.

import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { DatasetRevisions } from '../hub/dataset_revisions.ts';
import { semantic } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { SpecError } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import { describeValue } from './describe.ts';
import { diagnose } from './diagnostics.ts';
import type { WeightsReader } from './digests.ts';
import {
  type RevisionReader,
  resolveFields,
  resolveValue,
  type StageRef,
  type Surroundings,
  surroundings,
} from './resolve.ts';
import { rootParams } from './root.ts';
import type { Issue, RunSpec, SpecDocument, SpecPath } from './types.ts';

/** One run of a spec. */
export interface Stage {
  /** Null where the spec is that of a single run. */
  name: string | null;
  /** Its `log_path` is a directory of its own. */
  spec: RunSpec;
  /** The stages whose weights it reads, in the order of the spec. */
  after: readonly string[];
  /** Whether it names a seed of its own, which replicates of the whole do not change. */
  hasOwnSeed: boolean;
}

const { trainer: _, ...common } = rootParams.properties;

/** The fields of a spec that has stages. */
export const pipelineParams = Type.Object({
  ...common,
  stages: semantic(
    Type.Unsafe<Record<string, JsonObject>>({
      type: 'object',
      description:
        'Run specs by name, each without a log_path: they lie under the log_path of the whole. Where weights are named, {stage: NAME, checkpoint: final} means those of another stage.',
    }),
  ),
});

/** What every stage has from the spec that it stands in, unless it says otherwise. */
const INHERITED = ['seed', 'service', 'loggers'] as const;
const isInherited = (name: string | number | undefined) => INHERITED.some((inherited) => inherited === name);

/** What is said once for all stages. */
const OF_THE_WHOLE: Record<string, string> = {
  log_path: 'a stage lies under the log_path of the whole spec, in a directory of its name',
  if_exists: 'is the same for all stages: set it beside "stages"',
  plugins: 'are loaded once for all stages: list them beside "stages"',
  stages: 'a stage has no stages of its own',
};

/** A directory bears it. */
const NAME = /^[A-Za-z][\w-]{0,39}$/;

/** Whether a value is the spec of several runs. */
function hasStages(value: JsonObject): boolean {
  return Object.hasOwn(value, 'stages');
}

/** The path of a field of a stage in the whole spec; that of a single run stays as it is. */
export function pathInSpec(stage: string | null, path: SpecPath): SpecPath {
  return stage === null ? path : ['stages', stage, ...path];
}

/** The runs of a document. @throws SpecError with the place of everything that is wrong. */
export function resolveDocument(
  document: SpecDocument,
  registry: Registry,
  cwd: string,
  weights?: WeightsReader,
  revisions?: RevisionReader,
): readonly Stage[] {
  const at = surroundings(document, cwd, weights, revisions);
  const { stages, issues } = resolvePipeline(document.value, registry, at);
  if (stages === null) throw new SpecError(diagnose(document, issues));
  return stages;
}

/**
 * The same with revisions of data sets as the commits that they lead to now. Throws a ConfigurationError too, for a data set
 * that is not there.
 */
export async function resolvePinned(
  document: SpecDocument,
  registry: Registry,
  { cwd, weights }: { cwd: string; weights?: WeightsReader | undefined },
): Promise<readonly Stage[]> {
  const revisions = new DatasetRevisions();
  const resolve = () => resolveDocument(document, registry, cwd, weights, revisions);
  const stages = resolve();
  return (await revisions.settle()) ? resolve() : stages;
}

/**
 * The runs of a value, each behind those that it starts from and otherwise in the order of the spec, or everything that is wrong.
 * @param places where stages lie that do not lie in the directories of their names
 */
export function resolvePipeline(
  value: JsonObject,
  registry: Registry,
  at: Surroundings,
  places: ReadonlyMap<string, string> = new Map(),
): { stages: readonly Stage[] | null; issues: Issue[] } {
  if (!hasStages(value)) {
    const { spec, issues } = resolveValue(value, registry, at);
    return { stages: spec === null ? null : [{ name: null, spec, after: [], hasOwnSeed: false }], issues };
  }
  const { log_path, if_exists, plugins, issues } = wholeOf(value, registry, at);
  const given = isJsonObject(value.stages) ? value.stages : {};
  const names = Object.keys(given);
  if (isJsonObject(value.stages) && names.length === 0) {
    issues.push({ path: ['stages'], part: 'value', message: 'expected at least one stage' });
  }
  const directories = new Map(names.map((name) => [name, places.get(name) ?? join(log_path, name)]));
  const resolved = new Map<string, ResolvedStage>();
  for (const [name, stage] of Object.entries(given)) {
    issues.push(...problemsOf(name, stage));
    const alike = names.find((other) => other !== name && other.toLowerCase() === name.toLowerCase());
    if (alike !== undefined) {
      const message = `differs from the stage ${alike} in nothing but case: some file systems would make one directory of both`;
      issues.push({ path: ['stages', name], part: 'key', message });
    }
    if (!isJsonObject(stage)) continue;
    const own = Object.fromEntries(Object.entries(stage).filter(([field]) => !Object.hasOwn(OF_THE_WHOLE, field)));
    const {
      spec,
      issues: ofStage,
      stages: refs,
    } = resolveValue(
      { ...inheritedFrom(value), ...own, log_path: directories.get(name) ?? log_path, if_exists, plugins },
      registry,
      surroundingsOf(name, own, at, directories),
    );
    issues.push(...ofStage.map((issue) => ({ ...issue, path: placed(name, own, issue.path) })));
    const hasOwnSeed = Object.hasOwn(own, 'seed');
    if (spec !== null) resolved.set(name, { name, spec, refs, after: namesIn(refs, names), hasOwnSeed });
  }
  issues.push(...[...resolved.values()].flatMap((stage) => mismatches(stage, resolved)));
  const different = distinct(issues);
  if (different.length > 0) return { stages: null, issues: different };
  const { ordered, circle } = inOrder(resolved);
  return circle === null ? { stages: ordered, issues: [] } : { stages: null, issues: [circle] };
}

interface ResolvedStage extends Stage {
  name: string;
  refs: readonly StageRef[];
}

/** What is said beside the stages. */
function wholeOf(value: JsonObject, registry: Registry, at: Surroundings) {
  const { value: whole, issues } = resolveFields(pipelineParams, value, registry, at);
  const { log_path, if_exists = 'ask', plugins = [] } = whole;
  return {
    log_path: typeof log_path === 'string' ? log_path : '/',
    if_exists,
    plugins,
    issues: issues.map((issue) => explained(issue, Object.keys(isJsonObject(value.stages) ? value.stages : {}))),
  };
}

/** Whoever makes stages of a run forgets a field outside of them; a misspelt one has its own message. */
function explained(issue: Issue, stages: readonly string[]): Issue {
  const { path, part, message } = issue;
  if (path.length !== 1 || part !== 'key' || message !== 'unknown field') return issue;
  const [name = 'NAME'] = stages;
  return { ...issue, message: `the fields of a run stand in its stage: write stages.${name}.${path[0]}` };
}

function problemsOf(name: string, stage: JsonValue): Issue[] {
  const at = ['stages', name];
  const issues: Issue[] = [];
  if (!NAME.test(name)) {
    const message =
      'a stage is named by a letter and up to 39 letters, digits, "-" and "_": a directory bears the name';
    issues.push({ path: at, part: 'key', message });
  }
  if (!isJsonObject(stage)) {
    const message = `expected a run spec, which is a mapping of fields; got ${describeValue(stage)}`;
    return [...issues, { path: at, part: 'value', message }];
  }
  for (const [field, message] of Object.entries(OF_THE_WHOLE)) {
    if (Object.hasOwn(stage, field)) issues.push({ path: [...at, field], part: 'key', message });
  }
  return issues;
}

function inheritedFrom(value: JsonObject): JsonObject {
  return Object.fromEntries(INHERITED.flatMap((field) => (value[field] === undefined ? [] : [[field, value[field]]])));
}

/** Where a path of a stage is written: a field that it inherits stands beside the stages. */
function placed(name: string, own: JsonObject, path: SpecPath): SpecPath {
  const [field] = path;
  if (isInherited(field) && !Object.hasOwn(own, String(field))) return path;
  if (typeof field === 'string' && Object.hasOwn(OF_THE_WHOLE, field)) return path;
  return pathInSpec(name, path);
}

function surroundingsOf(
  name: string,
  own: JsonObject,
  at: Surroundings,
  stages: ReadonlyMap<string, string>,
): Surroundings {
  const { cwd, exists, near, weights, revisions } = at;
  return {
    cwd,
    exists,
    near,
    weights,
    revisions,
    stages,
    directoryOf: (path) => at.directoryOf(placed(name, own, path)),
  };
}

function namesIn(refs: readonly StageRef[], names: readonly string[]): string[] {
  return names.filter((name) => refs.some(({ stage }) => stage === name));
}

/** Stages that start from one that trains another model. */
function mismatches({ name, refs }: ResolvedStage, stages: ReadonlyMap<string, ResolvedStage>): Issue[] {
  return refs.flatMap(({ path, stage, model }) => {
    const trained = stages.get(stage)?.spec.model_name;
    if (model === null || typeof trained !== 'string' || trained === model) return [];
    const message = `the stage ${stage} trains ${trained}, and model_name is another model: ${model}`;
    return [{ path: pathInSpec(name, path), part: 'value' as const, message }];
  });
}

/** Stages tell of what they inherit in the same words. */
function distinct(issues: readonly Issue[]): Issue[] {
  return [...new Map(issues.map((issue) => [JSON.stringify(issue), issue])).values()];
}

function inOrder(stages: ReadonlyMap<string, ResolvedStage>): { ordered: Stage[]; circle: Issue | null } {
  const ordered: Stage[] = [];
  const left = new Map(stages);
  while (left.size > 0) {
    const next = [...left.values()].find(({ after }) => after.every((name) => !left.has(name)));
    if (next === undefined) return { ordered, circle: circleAmong(left) };
    left.delete(next.name);
    const { refs: _, ...stage } = next;
    ordered.push(stage);
  }
  return { ordered, circle: null };
}

/** Each of the stages waits for another of them, so following them leads into a circle. */
function circleAmong(stages: ReadonlyMap<string, ResolvedStage>): Issue {
  const walked: string[] = [];
  let [name = ''] = stages.keys();
  while (!walked.includes(name)) {
    walked.push(name);
    name = stages.get(name)?.after.find((producer) => stages.has(producer)) ?? name;
  }
  const circle = [...walked.slice(walked.indexOf(name)), name];
  const ref = stages.get(name)?.refs.find(({ stage }) => stage === circle[1]);
  return {
    path: pathInSpec(name, ref?.path ?? []),
    part: 'value',
    message: `stages start from one another in a circle: ${circle.join(' → ')}`,
  };
}
