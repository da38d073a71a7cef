// The plan of a sweep that decides as it goes on: what decides its questions, what was asked so far, and the runs of any trial.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatasetRevisions } from '../../hub/dataset_revisions.ts';
import type { Registry } from '../../registry/registry.ts';
import { judgedAmong } from '../../run_files/producers.ts';
import { diagnose } from '../../spec/diagnostics.ts';
import type { Digests } from '../../spec/digests.ts';
import type { LoadOptions } from '../../spec/load.ts';
import type { Issue } from '../../spec/types.ts';
import { type AskingSearch, type Proposal, Study, type StudyEvent, type StudyOptions } from '../../study/study.ts';
import type { EarlyStopping, Space } from '../../study/types.ts';
import { ConfigurationError, SpecError } from '../../util/errors.ts';
import { shortPath } from '../../util/files.ts';
import type { JsonObject } from '../../util/json.ts';
import { MOST_RUNS } from '../grammar.ts';
import { overriddenAxes } from '../overridden_axes.ts';
import type { PlannedRun } from '../planned_run.ts';
import { judgedStage, type SweepRuns, seedsOf, unknownStages } from '../runs.ts';
import type { Configuration } from '../space.ts';
import type { SweepFile } from '../sweep_file.ts';
import type { SweepRun } from '../sweep_run.ts';
import { readHistory, replayed } from './history.ts';
import { sweepSpace } from './sweep_space.ts';
import { type Line, TrialRuns } from './trial_runs.ts';

export interface StudyPlan {
  /** What decides its questions, as JSON: with another it is another study. */
  decides: JsonObject;
  options: StudyOptions;
  /** Of a trial that shares none with another. */
  runs_per_trial: number;
  /** What was asked and told so far. */
  events: readonly StudyEvent[];
  /** The runs of a trial that was asked for, each behind those that it starts from. */
  runsOf(proposal: Proposal, before: Before): Promise<readonly PlannedRun[]>;
}

/** How many runs a sweep has at most. */
export function mostRuns({ runs, study }: { runs: readonly unknown[]; study: StudyPlan | null }): number {
  return study === null ? runs.length : Math.max(runs.length, study.options.most_trials * study.runs_per_trial);
}

/** A study before it is known where its runs lie. */
export interface StudyRuns extends Omit<StudyPlan, 'runsOf'> {
  runsOf(proposal: Proposal, before: Before): readonly SweepRun[];
}

/** The trials before, as far as those that go on from them need to know. */
export type Before = readonly { runs: readonly Pick<SweepRun, 'hash'>[]; lineage?: Proposal['lineage'] }[];

type Rule = EarlyStopping | null;
type Loading = LoadOptions & { digests: Digests; revisions?: DatasetRevisions };

/** What a search is to draw from, and the runs of a trial whichever. @throws SpecError with what is wrong with the axes, or with both ends of them */
export async function searchedSpace(
  sweep: SweepFile,
  registry: Registry,
  { search, ...loading }: Loading & { search: AskingSearch },
) {
  const { fields, document } = sweep;
  const { space, axes, unconditional, configurationOf, issues } = sweepSpace(fields, document);
  if (issues.length > 0) throw new SpecError(diagnose(document, issues));
  const idle = overriddenAxes(fields, unconditional, document, loading.overrides);
  if (idle.length > 0) throw new SpecError(idle);
  const trials = new TrialRuns(sweep, registry, loading);
  const named = trials.probe(space, configurationOf);
  // Data sets by name are asked for once, and then all is read again with what they are.
  const sample = (await loading.revisions?.settle()) === true ? trials.probe(space, configurationOf) : named;
  if (search.kind === 'population') refuseAroundPopulation(sweep, sample);
  const stages = [...new Set(sample.flatMap(({ stage }) => stage ?? []))];
  const judged = [...judgedStage(fields, sample), ...unknownStages(fields, stages)];
  if (judged.length > 0) throw new SpecError(diagnose(document, judged));
  const set = [...new Set(axes.flatMap(({ choices }) => choices.flat().map(({ field }) => field)))];
  return { space, configurationOf, trials, sample, stages, set, most_trials: mostTrials(sweep, sample) };
}

/** The runs that a search has asked for so far, and the study that asks for more. */
export async function askedRuns(
  sweep: SweepFile,
  registry: Registry,
  { rule, ...loading }: Loading & { search: AskingSearch; rule: Rule },
): Promise<{ swept: SweepRuns; fields: readonly string[]; study: StudyRuns }> {
  const { fields } = sweep;
  const { search } = loading;
  const searched = await searchedSpace(sweep, registry, loading);
  const { space, configurationOf, trials, sample, stages, set, most_trials } = searched;
  const runsOf = ({ point, lineage }: Proposal, before: Before) =>
    trials.of(configurationOf(point), lineage === undefined ? null : lineOf(lineage, before, fields.log_path));
  const { study, runs } = await studyOf(sweep, { space, search, early_stopping: rule, most_trials, sample, runsOf });
  const swept: SweepRuns = {
    axes: [],
    excluded: 0,
    included: 0,
    seeds: seedsOf(fields)?.length ?? null,
    stages,
    runs,
    hasPrices: trials.hasPrices,
    stagesOf: trials.stagesOf,
  };
  return { swept, fields: set, study };
}

/** The study of a sweep whose runs are all known: it asks for its points in the order of the file, and gives up on some. */
export async function enumeratedStudy(sweep: SweepFile, { runs }: SweepRuns, rule: EarlyStopping): Promise<StudyRuns> {
  const points = new Map<Configuration, SweepRun[]>();
  for (const run of runs) points.set(run.point, [...(points.get(run.point) ?? []), run]);
  const all = [...points.values()];
  const space: Space = [{ name: POINT, distribution: { kind: 'choice', size: all.length }, when: null }];
  const search: AskingSearch = { kind: 'ask', suggest: ({ trials }) => ({ [POINT]: trials.length }) };
  const runsOf = ({ point }: Proposal) => all[point[POINT] ?? -1] ?? [];
  const parts = { space, search, early_stopping: rule, most_trials: all.length, sample: all[0] ?? [], runsOf };
  return (await studyOf(sweep, parts)).study;
}

const POINT = 'point';

interface StudyParts {
  space: Space;
  search: AskingSearch;
  early_stopping: Rule;
  most_trials: number;
  /** The runs of any trial. */
  sample: readonly SweepRun[];
  runsOf: StudyRuns['runsOf'];
}

async function studyOf(sweep: SweepFile, parts: StudyParts): Promise<{ study: StudyRuns; runs: SweepRun[] }> {
  const { fields } = sweep;
  refuseEarlierStage(sweep, parts.sample);
  const { grid, zip, cases, include, exclude, seeds, search, early_stopping, objective } = fields;
  const axes = { grid, zip, cases, include, exclude };
  // As JSON, without what is only known of it in memory.
  const decides = structuredClone({ axes, seeds, search, early_stopping, objective });
  const options = studyOptions(sweep, parts);
  const events = await readHistory(fields.log_path, decides);
  replayed(fields.log_path, () => new Study(options, events));
  const runs = askedIn(events, fields.log_path, parts.runsOf);
  const runs_per_trial = parts.sample.length;
  return { study: { decides, options, runs_per_trial, events, runsOf: parts.runsOf }, runs };
}

function studyOptions({ fields, document }: SweepFile, { sample, runsOf, ...parts }: StudyParts): StudyOptions {
  const { objective, seeds } = fields;
  if (objective === null) {
    const at = [fields.early_stopping === null ? 'search' : 'early_stopping'];
    throw refused(document, at, 'goes by the objective of the sweep: set objective.metric and objective.goal');
  }
  return {
    ...parts,
    goal: objective.goal,
    seed: Array.isArray(seeds) ? (seeds[0] ?? 0) : (sample[0]?.seed ?? 0),
    total_steps: parts.search.kind === 'population' ? null : (sample.at(-1)?.max_steps ?? null),
  };
}

/** A trial is told of once its last stage is done: what is judged before that would be told too early. */
function refuseEarlierStage({ fields, document }: SweepFile, sample: readonly SweepRun[]): void {
  const last = judgedAmong(sample).map(({ hash }) => hash);
  if (judgedAmong(sample, fields.objective?.stage).every(({ hash }) => last.includes(hash))) return;
  throw refused(document, ['objective', 'stage'], 'a sweep that searches or gives up on runs judges the last stage');
}

function refuseAroundPopulation({ fields, document }: SweepFile, sample: readonly SweepRun[]): void {
  if (fields.early_stopping !== null) {
    throw refused(document, ['early_stopping'], `${fields.search.builder} gives up on trials itself`);
  }
  if (sample.some(({ stage }) => stage !== null)) {
    throw refused(
      document,
      ['search'],
      `${fields.search.builder} is for a base that is one run, and this one has stages`,
    );
  }
}

/** How many trials a search may ask for. */
function mostTrials({ fields, document }: SweepFile, sample: readonly SweepRun[]): number {
  const { max_runs, max_hours, max_cost, target } = fields;
  if (max_runs === MOST_RUNS && max_hours === null && max_cost === null && target === null) {
    throw refused(document, ['search'], 'has no end: set max_runs, and max_hours, max_cost or target if you like');
  }
  const trials = Math.floor(max_runs / sample.length);
  if (trials > 0) return trials;
  throw refused(document, ['max_runs'], `one trial is ${sample.length} runs, and max_runs allows ${max_runs}`);
}

function refused(document: SweepFile['document'], path: Issue['path'], message: string): SpecError {
  return new SpecError(diagnose(document, [{ path, part: 'key', message }]));
}

/** The runs of the trials that were asked for, each once. */
function askedIn(events: readonly StudyEvent[], log_path: string, runsOf: StudyParts['runsOf']): SweepRun[] {
  const runs = new Map<string, SweepRun>();
  const before: { runs: readonly SweepRun[]; lineage?: Proposal['lineage'] }[] = [];
  for (const event of events) {
    if (event.event !== 'asked') continue;
    // Its values did not go together.
    const own = event.runs.length === 0 ? [] : runsOf(event, before);
    if (own.some(({ hash }) => !event.runs.includes(hash))) throw otherRuns(log_path, event.trial);
    for (const run of own) runs.set(run.hash, run);
    before.push({ runs: own, lineage: event.lineage });
  }
  return [...runs.values()];
}

/** How a member of a population goes on from a trial before it. */
function lineOf({ parent, until_step }: NonNullable<Proposal['lineage']>, before: Before, log_path: string): Line {
  if (parent === null) return { steps: until_step, parents: [] };
  const { runs = [], lineage } = before[parent] ?? {};
  const names = readdirSync(log_path);
  const parents = runs.map(({ hash }) => {
    const name = names.find((each) => each.endsWith(`-${hash}`));
    if (name !== undefined) return join(log_path, name);
    throw new ConfigurationError(
      `the run of trial ${parent} that another one goes on from is gone from ${shortPath(log_path)}`,
      {
        hint: 'Put it back, or give the sweep another log_path.',
      },
    );
  });
  return { steps: until_step - (lineage?.until_step ?? 0), parents };
}

function otherRuns(log_path: string, trial: number): ConfigurationError {
  return new ConfigurationError(
    `trial ${trial} of the study in ${shortPath(log_path)} would be another run now: the base, or a file that it reads, has changed`,
    { hint: 'Give the sweep another log_path, or take the change back: what was found says nothing of other runs.' },
  );
}
