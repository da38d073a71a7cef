// The evaluations that a report knows: results of `cookbook eval` of its runs and beside them, and those within its runs, told from
// their files and matched to the runs whose weights they are of.

import { dirname, join, resolve } from 'node:path';
import { scoreInterval } from '../evaluation/score_interval.ts';
import { readForeignLines, readForeignObject } from '../run_files/foreign_json.ts';
import { listTranscripts } from '../transcripts/listing.ts';
import { exists, pathFrom } from '../util/files.ts';
import { booleanOf, type JsonObject, numberOf, objectOf, textOf } from '../util/json.ts';
import type { RunPlaces } from './entries.ts';
import type { RunEntry } from './run_entry.ts';

/** One answer, as its line has it. */
interface EvaluationAnswer {
  example_id: string;
  sample: number;
  idx: number | null;
  reward: number;
  error: string | null;
  line: JsonObject;
}

export interface SeenEvaluation {
  /** The directory of its results, or its file within a run, as one would type it. */
  evaluation: string;
  benchmark: string;
  /** The run whose weights have answered, as the report names it; null for another model. */
  run: string | null;
  /** Steps that the weights have seen; null where nothing says it. */
  step: number | null;
  /** What the answers were sampled with; empty where no file says it. */
  settings: JsonObject;
  /** As result.json has them; empty within a run, whose metrics they are. */
  metrics: JsonObject;
  pass_at_k: JsonObject;
  /** The last of each, that did not fail if there is one, in the order of their lines. */
  answers: EvaluationAnswer[];
}

/** Where `cookbook eval` puts results that nobody names a place for. */
const EVALS = 'evals';

interface FoundFile {
  path: string;
  run: string | null;
  step: number | null;
}

/** By path; without those within runs where `ofSteps` is false. @returns them, and what could not be read, one line each */
export async function readEvaluations(
  entries: readonly RunEntry[],
  { directories, cwd }: Pick<RunPlaces, 'directories' | 'cwd'>,
  { ofSteps = true }: { ofSteps?: boolean } = {},
): Promise<{ evaluations: SeenEvaluation[]; notices: string[] }> {
  const notices: string[] = [];
  const found = new Map<string, FoundFile>();
  const collect = async (directory: string, run: RunEntry | null) => {
    const { files, problems } = await listTranscripts(
      directory,
      ofSteps && run !== null && hasBenchmarks(run) ? undefined : 0,
    );
    notices.push(...problems.map((problem) => `${pathFrom(cwd, directory)}: ${problem}`));
    for (const { kind, path, step } of files) {
      const file = join(directory, path);
      if (kind === 'trajectories' && !found.has(file)) found.set(file, { path: file, run: run?.row.run ?? null, step });
    }
  };
  for (const entry of entries) if (!entry.isPlanned) await collect(entry.row.directory, entry);
  for (const place of [...directories.map((each) => resolve(cwd, each)), resolve(cwd, EVALS)]) {
    if (await exists(place)) await collect(place, null);
  }
  const isOfReport = ofReport(entries, directories, cwd);
  const evaluations: SeenEvaluation[] = [];
  for (const file of [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const seen = await readEvaluation(file, entries, cwd, notices);
    if (seen !== null && isOfReport(seen, file)) evaluations.push(seen);
  }
  return { evaluations, notices };
}

/** Only these leave answers in the directories of single steps, which there may be thousands of. */
const hasBenchmarks = ({ spec }: RunEntry): boolean => JSON.stringify(spec.evaluators ?? []).includes('"benchmark"');

/** Where runs were named, results that lie elsewhere count if they are of these runs. */
function ofReport(entries: readonly RunEntry[], directories: readonly string[], cwd: string) {
  const isOfAll = directories.length === 1 && directories[0] === 'runs';
  const known = new Set(entries.map(({ row }) => row.run));
  const roots = directories.map((each) => resolve(cwd, each));
  return ({ run }: SeenEvaluation, { path }: FoundFile): boolean =>
    isOfAll || (run !== null && known.has(run)) || roots.some((root) => path.startsWith(`${root}/`));
}

async function readEvaluation(
  { path, run, step }: FoundFile,
  entries: readonly RunEntry[],
  cwd: string,
  notices: string[],
): Promise<SeenEvaluation | null> {
  const { objects, damaged, problem } = readForeignLines(path);
  const shown = pathFrom(cwd, path);
  if (problem !== null) notices.push(`${shown}: ${problem}`);
  if (damaged > 0) notices.push(`${shown}: ${damaged} damaged lines were left out`);
  const answers = lastAnswers(objects);
  if (answers.length === 0) return null;
  // Beside the answers of a single step of a run lie files of other kinds.
  const isOwn = step === null;
  const beside = async (name: string): Promise<JsonObject> => {
    const file = join(dirname(path), name);
    if (!isOwn || !(await exists(file))) return {};
    const { value, problem: why } = readForeignObject(file);
    if (why !== null) notices.push(`${pathFrom(cwd, dirname(path))}/${why}`);
    return value ?? {};
  };
  const [settings, result] = [await beside('settings.json'), await beside('result.json')];
  const weights = weightsOf(settings, entries);
  return {
    evaluation: isOwn ? dirname(shown) : shown,
    benchmark: textOf(answers[0]?.line.benchmark) ?? '',
    run: weights?.run ?? run,
    step: weights?.step ?? step,
    settings,
    metrics: objectOf(result.metrics),
    pass_at_k: objectOf(result.pass_at_k),
    answers,
  };
}

/** The run that its settings name by its identity and its step: `run:HASH@STEP`. */
function weightsOf(settings: JsonObject, entries: readonly RunEntry[]): { run: string; step: number } | null {
  const [, hash, step] = /^run:(.+)@(\d+)$/.exec(textOf(settings.model) ?? '') ?? [];
  const entry = hash === undefined ? undefined : entries.find(({ row }) => row.hash === hash);
  return entry === undefined ? null : { run: entry.row.run, step: Number(step) };
}

function lastAnswers(lines: readonly JsonObject[]): EvaluationAnswer[] {
  const answers = new Map<string, EvaluationAnswer>();
  for (const line of lines) {
    const example_id = textOf(line.example_id);
    if (example_id === null) continue;
    const sample = numberOf(line.sample) ?? 0;
    const reward = numberOf(line.reward) ?? Number(booleanOf(line.reward) ?? false);
    const answer = { example_id, sample, idx: numberOf(line.idx), reward, error: textOf(line.error), line };
    const key = JSON.stringify([sample, example_id]);
    // Behind an answer it says that judging it anew failed: what it was judged before is still what is known of it.
    if (answer.error !== null && answers.get(key)?.error === null) continue;
    answers.set(key, answer);
  }
  return [...answers.values()];
}

export interface EvaluationScore {
  score: number;
  score_low: number;
  score_high: number;
  num_examples: number;
  num_answers: number;
  num_correct: number;
  num_errors: number;
}

/** How many there are to each example, and how many of them are right. */
export function answersByExample(answers: readonly EvaluationAnswer[]): Map<string, { right: number; all: number }> {
  const byExample = new Map<string, { right: number; all: number }>();
  for (const { example_id, reward } of answers) {
    const { right, all } = byExample.get(example_id) ?? { right: 0, all: 0 };
    byExample.set(example_id, { right: right + Number(reward > 0), all: all + 1 });
  }
  return byExample;
}

/** Of all answers that are there, whichever command has asked for them. */
export function scoreOf({ answers }: Pick<SeenEvaluation, 'answers'>): EvaluationScore {
  const byExample = answersByExample(answers);
  const shares = [...byExample.values()].map(({ right, all }) => right / all);
  const samples = [...byExample.values()].reduce((most, { all }) => Math.max(most, all), 1);
  const [score_low, score_high] = scoreInterval(shares, samples);
  return {
    score: shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length),
    score_low,
    score_high,
    num_examples: byExample.size,
    num_answers: answers.length,
    num_correct: answers.filter(({ reward }) => reward > 0).length,
    num_errors: answers.filter(({ error }) => error !== null).length,
  };
}
