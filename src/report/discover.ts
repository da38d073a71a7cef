// Finds run directories below the directories that the user names, and never leaves those.

import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { SweepObjective } from '../run_files/objective.ts';
import { holdsRun, mayHoldRuns, sweepObjective } from '../run_files/seen_run.ts';
import { type ListedRun, readPlannedRuns } from '../run_files/sweep_plan.ts';
import { nearPathsHint } from '../spec/near_files.ts';
import { ConfigurationError, messageOf } from '../util/errors.ts';
import { isWithin } from '../util/files.ts';
import { compareNaturally } from '../util/natural_order.ts';
import { programName } from '../util/program_name.ts';

export interface RunDirectory {
  /** Relative to the working directory where it lies below it, else absolute: what the user sees and types. */
  path: string;
  /** Absolute. */
  directory: string;
  /** Path of the sweep's directory if the run is part of one. */
  sweep: string | null;
  /** What the sweep's file declares now. */
  objective: SweepObjective | null;
  /** Where its metrics may be cached: beside the runs of its sweep, else in the directory that was named, and nowhere above it. */
  cacheDirectory: string | null;
  /** Names of the files that may be read: regular ones, and links to regular ones inside the directories given. */
  files: ReadonlySet<string>;
}

/** A sweep whose directory was searched as a whole. */
export interface SweepDirectory extends Pick<RunDirectory, 'path' | 'directory' | 'objective'> {
  /** The runs that its plan lists, whether they lie there or not. */
  planned: ListedRun[];
}

export interface Discovery {
  /** By path. */
  runs: RunDirectory[];
  /** Those with a plan, by path. */
  sweeps: SweepDirectory[];
  /** What was passed over and why, one line each. */
  notices: string[];
}

/** What is read of a run and of a sweep. */
const READ = new Set([
  'run.json',
  'status.json',
  'config.json',
  'lease',
  'metrics.jsonl',
  'checkpoints.jsonl',
  'plan.json',
  'stop.json',
  'notes.json',
  'imported.json',
]);

/**
 * All run directories in `roots` and below, of every state and of the Python cookbook too.
 * @throws ConfigurationError for a root that is no directory
 */
export function discoverRuns(roots: readonly string[], cwd: string): Discovery {
  const search = new Search(roots, cwd);
  for (const root of roots) search.start(resolve(cwd, root));
  return search.result();
}

/** Whether paths that were found in `roots` lie there still, now that links may have taken their places. What is gone lies nowhere else. */
export function lieWithin(paths: readonly string[], roots: readonly string[], cwd: string): boolean {
  const realRoots = roots.flatMap((root) => realPath(resolve(cwd, root)) ?? []);
  return paths.every((path) => {
    const real = realPath(path);
    return real === null || realRoots.some((root) => isWithin(real, root));
  });
}

function realPath(path: string): string | null {
  try {
    return realpathSync.native(path);
  } catch {
    return null;
  }
}

function displayPath(path: string, cwd: string): string {
  return isWithin(path, cwd) ? relative(cwd, path) || '.' : path;
}

class Search {
  readonly #cwd: string;
  readonly #realRoots: string[];
  /** The one that is searched now. */
  #root = '';
  readonly #runs = new Map<string, RunDirectory>();
  readonly #sweeps = new Map<string, SweepDirectory>();
  readonly #objectives = new Map<string, SweepObjective | null>();
  /** A set, since roots may overlap. */
  readonly #notices = new Set<string>();

  constructor(roots: readonly string[], cwd: string) {
    this.#cwd = cwd;
    this.#realRoots = roots.map((root) => realRoot(root, cwd));
  }

  start(root: string): void {
    const parent = dirname(root);
    this.#root = root;
    this.#enter(root, existsSync(join(parent, 'sweep.json')) ? parent : null);
  }

  result(): Discovery {
    const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
    const runs = [...this.#runs.values()].sort(byPath);
    return { runs, sweeps: [...this.#sweeps.values()].sort(byPath), notices: [...this.#notices].sort() };
  }

  #enter(directory: string, sweep: string | null): void {
    const entries = this.#list(directory);
    const files = new Set<string>();
    const directories: string[] = [];
    for (const entry of entries) {
      if (entry.isFile()) files.add(entry.name);
      else if (entry.isDirectory()) directories.push(entry.name);
      else if (entry.isSymbolicLink() && this.#mayFollow(join(directory, entry.name))) files.add(entry.name);
    }
    if (holdsRun(directory, files)) this.#add(directory, files, sweep);
    const ownSweep = files.has('sweep.json') ? directory : null;
    if (ownSweep !== null && files.has('plan.json')) this.#addSweep(ownSweep);
    for (const name of directories) if (mayHoldRuns(name)) this.#enter(join(directory, name), ownSweep);
  }

  #list(directory: string) {
    try {
      return readdirSync(directory, { withFileTypes: true }).sort((a, b) => compareNaturally(a.name, b.name));
    } catch (error) {
      this.#notices.add(`${displayPath(directory, this.#cwd)} cannot be read: ${messageOf(error)}`);
      return [];
    }
  }

  #add(directory: string, files: ReadonlySet<string>, sweep: string | null): void {
    const real = realPath(directory);
    // Gone since it was listed.
    if (real === null) return;
    this.#runs.set(real, {
      path: displayPath(directory, this.#cwd),
      directory,
      sweep: sweep === null ? null : displayPath(sweep, this.#cwd),
      objective: sweep === null ? null : this.#objectiveOf(sweep),
      cacheDirectory: this.#cacheDirectoryOf(directory, sweep),
      files,
    });
  }

  #cacheDirectoryOf(directory: string, sweep: string | null): string | null {
    const holder = sweep ?? this.#root;
    return directory === this.#root || !isWithin(holder, this.#root) ? null : join(holder, '.cookbook');
  }

  #addSweep(directory: string): void {
    const path = displayPath(directory, this.#cwd);
    const { value, problem } = readPlannedRuns(directory);
    if (problem !== null) {
      this.#notices.add(`${path}: ${problem}; runs that have not started are not counted`);
    }
    if (value === null) return;
    const sweep = { path, directory, objective: this.#objectiveOf(directory), planned: value };
    const real = realPath(directory);
    if (real !== null) this.#sweeps.set(real, sweep);
  }

  #objectiveOf(sweep: string): SweepObjective | null {
    const known = this.#objectives.get(sweep);
    if (known !== undefined) return known;
    const objective = sweepObjective(sweep);
    this.#objectives.set(sweep, objective);
    return objective;
  }

  /** True for a link to a file inside the roots. What lies inside them is found by itself, so links to directories are never followed. */
  #mayFollow(link: string): boolean {
    const target = realPath(link);
    if (target === null) return false; // It leads nowhere: there is nothing to read.
    const stats = statSync(target);
    if (this.#realRoots.some((root) => isWithin(target, root))) return stats.isFile();
    if (stats.isDirectory() || READ.has(basename(link))) {
      this.#notices.add(
        `${displayPath(link, this.#cwd)} was not followed: it leads out of the directories given, to ${target}`,
      );
    }
    return false;
  }
}

function realRoot(root: string, cwd: string): string {
  const path = resolve(cwd, root);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return realpathSync.native(path);
  const what = stats === undefined ? `no such directory${nearPathsHint(root, cwd)}` : 'not a directory';
  throw new ConfigurationError(`${root}: ${what}`, {
    hint:
      root === 'runs'
        ? `Runs land in "runs" where they start. Start one: ${programName()} run configs/sl_basic.yaml; or name the directory that holds yours.`
        : 'Name a directory that holds runs. Without one it is "runs".',
  });
}
