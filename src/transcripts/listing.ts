// Which files of a run hold transcripts, told by their names alone.

import type { Dirent } from 'node:fs';
import { basename, join } from 'node:path';
import { mayHoldRuns } from '../run_files/seen_run.ts';
import { iterationName, iterationOf } from '../training/iteration_directory.ts';
import { messageOf } from '../util/errors.ts';
import { entriesOf } from '../util/files.ts';
import type { TranscriptSource } from './transcript.ts';

type TranscriptKind = 'logtree' | 'rollout_summaries' | 'trajectories' | 'replies' | 'created_data';

export interface TranscriptFile {
  kind: TranscriptKind;
  source: TranscriptSource;
  step: number | null;
  /** `train`, or the name of an evaluation as files bear it. */
  label: string;
  /** From the directory, parts joined by "/". */
  path: string;
}

export interface TranscriptListing {
  /** Those without a step first, then the newest step first; of a step by path. */
  files: TranscriptFile[];
  /** Directories of older steps that were not looked into. */
  steps_left_out: number;
  problems: string[];
}

/** The newest steps that are looked into. */
const MOST_STEPS = 2000;

/** Files of transcripts below a directory, that of a run or that of results of `cookbook eval`. Links are not followed. */
export async function listTranscripts(directory: string, mostSteps = MOST_STEPS): Promise<TranscriptListing> {
  const problems: string[] = [];
  const entries = await entriesIn(directory, problems);
  const steps = entries
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => iterationOf(name) ?? [])
    .sort((a, b) => b - a);
  const files: TranscriptFile[] = await evaluationsIn(directory, entries, { parts: [], problems });
  if (fileNames(entries).includes('replies.jsonl')) {
    files.push({ kind: 'created_data', source: 'sample', step: null, label: 'replies', path: 'replies.jsonl' });
  }
  files.sort(byPath);
  for (const step of steps.slice(0, mostSteps)) {
    const folder = iterationName(step);
    const names = fileNames(await entriesIn(join(directory, folder), problems)).sort();
    for (const name of names) {
      const file = iterationFile(name);
      if (file !== null) files.push({ ...file, step, path: `${folder}/${name}` });
    }
  }
  return { files, steps_left_out: Math.max(0, steps.length - mostSteps), problems };
}

const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);

const fileNames = (entries: readonly Dirent[]) => entries.filter((entry) => entry.isFile()).map((entry) => entry.name);

async function entriesIn(directory: string, problems: string[]): Promise<Dirent[]> {
  try {
    return await entriesOf(directory);
  } catch (error) {
    problems.push(`${basename(directory)}: ${messageOf(error)}`);
    return [];
  }
}

const PATTERNS: readonly [TranscriptKind, RegExp][] = [
  ['logtree', /^(.+)_logtree\.json$/],
  ['rollout_summaries', /^(.+)_rollout_summaries\.jsonl$/],
  ['trajectories', /^(eval_.+)_trajectories\.jsonl$/],
  ['replies', /^(eval_.+)_replies\.jsonl$/],
];

const EVALUATION = 'eval_';

function iterationFile(name: string): Pick<TranscriptFile, 'kind' | 'source' | 'label'> | null {
  for (const [kind, pattern] of PATTERNS) {
    const base = pattern.exec(name)?.[1];
    if (base === undefined) continue;
    if (!base.startsWith(EVALUATION)) return { kind, source: 'rollout', label: base };
    return { kind, source: 'evaluation', label: base.slice(EVALUATION.length) };
  }
  return null;
}

/** Directories of results lie no deeper: `evals/MODEL/NAME/`, and `runs/ID/NAME/` of the Python cookbook. */
const MOST_DEPTH = 3;
/** What lies in the directory of another run is that run's. */
const OF_A_RUN = ['run.json', 'metrics.jsonl'];
const MOST_DIRECTORIES = 500;

async function evaluationsIn(
  directory: string,
  entries: readonly Dirent[],
  { parts, problems }: { parts: readonly string[]; problems: string[] },
): Promise<TranscriptFile[]> {
  const names = fileNames(entries);
  const label = parts.at(-1) ?? basename(directory);
  const files: TranscriptFile[] = names.includes('trajectories.jsonl')
    ? [
        {
          kind: 'trajectories',
          source: 'evaluation',
          step: null,
          label,
          path: [...parts, 'trajectories.jsonl'].join('/'),
        },
      ]
    : [];
  if (parts.length === MOST_DEPTH) return files;
  const folders = entries.filter((entry) => entry.isDirectory() && mayHoldRuns(entry.name));
  if (folders.length > MOST_DIRECTORIES) problems.push(`${label}: holds too many directories to look into for results`);
  for (const { name } of folders.length > MOST_DIRECTORIES ? [] : folders) {
    const below = await entriesIn(join(directory, name), problems);
    if (fileNames(below).some((file) => OF_A_RUN.includes(file))) continue;
    files.push(...(await evaluationsIn(join(directory, name), below, { parts: [...parts, name], problems })));
  }
  return files;
}
