// Which weights are meant by a run, one of its checkpoints, a directory, a file or a name: the same wherever weights are named.

import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { isHubName } from '../hub/hub_settings.ts';
import type { WeightsRef } from '../registry/fields.ts';
import { closestNames, didYouMean } from '../registry/suggest.ts';
import { nearPathsHint } from '../spec/near_files.ts';
import { isCheckpointName, localCheckpoint } from '../tinker/local_path.ts';
import type { ResolvedWeights } from '../training/types.ts';
import { CheckpointError, ConfigurationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { numberOf, textOf } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { bestCheckpoint } from './best_checkpoint.ts';
import { bestRunOf, runsBelow } from './configurations.ts';
import { type SavedCheckpoint, savedCheckpoints } from './saved_checkpoints.ts';
import { type SeenRun, seeRun, sweepObjective } from './seen_run.ts';
import { isFinished } from './status.ts';

export interface ResolveOptions {
  /** What the weights are for: to train on from, where a saved state is preferred, or to sample from. */
  purpose: 'train' | 'sample';
  /** A run that has not finished may yet save other weights: `refuse` unless one of its checkpoints is named, or take the newest. */
  unfinished: 'refuse' | 'newest';
}

/** What was found, and the run and the step that it comes from. */
export interface LocatedWeights extends ResolvedWeights {
  run: SeenRun | null;
  /** Batches that the weights have seen; null for those of no run. */
  batch: number | null;
}

/**
 * Finds weights without opening them.
 * @throws ConfigurationError for what is neither a run nor weights, CheckpointError for a run that does not have them
 */
export function locateWeights(ref: WeightsRef, options: ResolveOptions): LocatedWeights {
  if (typeof ref !== 'string') return ofRun(resolve(ref.run), ref.checkpoint, options);
  if (ref.startsWith('tinker://')) return ofService(ref);
  const stats = statSync(ref, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return ofDirectory(resolve(ref), options);
  const isModel =
    stats === undefined
      ? isHubName(ref) && !liesAmongRuns(ref)
      : stats.isFile() && extname(ref).toLowerCase() === '.gguf';
  if (!isModel) throw neither(ref);
  return { base_model: ref, description: `the model ${ref}`, run: null, batch: null };
}

/** Whether a directory is that of a run: it has the record of one, or what a run saves. */
function isRun(directory: string): boolean {
  return ['run.json', 'checkpoints.jsonl', 'checkpoints'].some((name) => exists(join(directory, name)));
}

function ofService(path: string): LocatedWeights {
  if (localCheckpoint(path) !== null) {
    throw new ConfigurationError(`${path} means a checkpoint of whichever run reads it`, {
      hint: 'Name the run instead: its directory, or {run: DIR, checkpoint: NAME}.',
    });
  }
  return { model_path: path, description: path, run: null, batch: null };
}

function ofDirectory(directory: string, options: ResolveOptions): LocatedWeights {
  if (isRun(directory)) return ofRun(directory, null, options);
  const place = shortPath(directory);
  if (['adapter_config.json', 'checkpoint.json'].some((name) => exists(join(directory, name)))) {
    return { model_path: directory, description: `the weights in ${place}`, run: null, batch: null };
  }
  if (!exists(join(directory, 'config.json'))) throw severalRuns(directory) ?? neither(place);
  return { base_model: directory, description: `the model ${place}`, run: null, batch: null };
}

function ofRun(directory: string, name: string | null, { purpose, unfinished }: ResolveOptions): LocatedWeights {
  const place = shortPath(directory);
  if (!exists(directory))
    throw new ConfigurationError(`there is no run ${place}${nearPathsHint(place, process.cwd())}`);
  if (!isRun(directory)) {
    throw (
      severalRuns(directory) ??
      new ConfigurationError(`${place} is no run directory, so it has no checkpoint "${name}"`)
    );
  }
  const run = seeRun(directory);
  const saved = savedCheckpoints(run).filter((checkpoint) => pathOf(checkpoint, purpose) !== null);
  const mayChange = name === null || name === 'final' || name === 'best';
  if (mayChange && unfinished === 'refuse') refuseUnfinished(run, saved);
  const checkpoint = chosenCheckpoint(run, name, saved);
  return {
    model_path: placeOf(run, pathOf(checkpoint, purpose) ?? ''),
    description: `${textOf(run.record.name) ?? basename(directory)}, ${checkpoint.final ? 'as it ended' : `after ${plural(checkpoint.batch, 'step')}`}`,
    run,
    batch: checkpoint.batch,
  };
}

/** A state is exact, weights for sampling may be rounded; either serves where the other is not there. */
function pathOf({ state_path, sampler_path }: SavedCheckpoint, purpose: ResolveOptions['purpose']): string | null {
  return purpose === 'train' ? (state_path ?? sampler_path) : sampler_path;
}

function refuseUnfinished(run: SeenRun, saved: readonly SavedCheckpoint[]): void {
  const place = shortPath(run.directory);
  if (run.problem !== null) throw new CheckpointError(`${place} is damaged: ${run.problem}`);
  if (isFinished(run.state)) return;
  const step = numberOf(run.status.step);
  const at = step === null || step === 0 ? '' : ` at step ${step}`;
  const named = saved.findLast(({ rolling, final }) => !rolling && !final);
  throw new CheckpointError(`${place} has not finished (${run.state}${at})`, {
    hint: `Run it to its end${named === undefined ? '' : `, or name one of its checkpoints: {run: ${place}, checkpoint: "${named.name}"}`}.`,
  });
}

/**
 * The checkpoint of a run that a name means: `final`, `best` or its own; null = the newest.
 * @throws CheckpointError for a run without weights, and for a name that it does not have
 */
export function chosenCheckpoint(
  run: SeenRun,
  name: string | null,
  saved: readonly SavedCheckpoint[],
): SavedCheckpoint {
  const place = shortPath(run.directory);
  const lasting = saved.filter(({ rolling }) => !rolling);
  if (lasting.length === 0) {
    throw isFinished(run.state)
      ? new CheckpointError(`${place}: this run has no weights`, {
          hint: 'It has ended without saving any: train on what it has written, or name another run.',
        })
      : new CheckpointError(`${place}: this run has saved no weights yet`, {
          hint: 'Run it until its first checkpoint (save_every), or to its end.',
        });
  }
  if (name === 'best') return bestCheckpoint(run, lasting);
  const found =
    name === null
      ? lasting.at(-1)
      : lasting.findLast((checkpoint) => checkpoint.name === name || (name === 'final' && checkpoint.final));
  if (found !== undefined) return found;
  const names = new Set(['best', ...lasting.map((checkpoint) => checkpoint.name)]);
  const near = name === null || /^\d+$/.test(name) ? [] : closestNames(name, [...names], 1);
  throw new CheckpointError(`${place} has no checkpoint "${name}"${didYouMean(near)}`, {
    hint: `It has ${lasting.map((checkpoint) => checkpoint.name).join(', ')}.`,
  });
}

function placeOf(run: SeenRun, path: string): string {
  const directory = localPlace(run, path);
  if (directory === null) return path;
  if (exists(directory)) return directory;
  throw new CheckpointError(`the weights of ${shortPath(directory)} have been deleted`, {
    hint: 'Name another checkpoint of the run, or run it again.',
  });
}

/**
 * Checkpoints of the embedded engine lie in the run, wherever that lies now; no name in its files leads out of it. Null for a path
 * of another service.
 */
export function localPlace(run: SeenRun, path: string): string | null {
  const local = localCheckpoint(path);
  if (local === null) return null;
  const parts = local.split('/');
  if (parts.length !== 2 || !parts.every(isCheckpointName)) {
    throw new CheckpointError(`${shortPath(run.directory)}: checkpoints.jsonl names "${path}", which is no checkpoint`);
  }
  return join(run.directory, 'checkpoints', ...parts);
}

/** Whether a path is that of a run which is not there, although it reads like the name of a model: no hub is asked for it. */
function liesAmongRuns(path: string): boolean {
  const above = dirname(path);
  if (above === 'runs') return true;
  if (statSync(above, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  return readdirSync(above).some((name) => exists(join(above, name, 'run.json')));
}

/** A directory of runs has the weights of each of them: that of a sweep knows which one is the best. */
function severalRuns(directory: string): ConfigurationError | null {
  const runs = runsBelow(directory);
  const [first] = runs;
  if (first === undefined) return null;
  const objective = sweepObjective(directory);
  const best = objective === null ? null : bestRunOf(runs, objective);
  const isSweep = exists(join(directory, 'sweep.json'));
  const what = isSweep ? 'a sweep' : 'a directory';
  const unit = !isSweep && runs.every(({ stage }) => stage !== null) ? 'stage' : 'run';
  // The last one with weights: those that start from others are more telling than what they start from.
  const example = runs.toSorted((a, b) => a.after.length - b.after.length).findLast(hasWeights) ?? first;
  return new ConfigurationError(`${shortPath(directory)} is ${what} of ${plural(runs.length, unit)}, not one run`, {
    hint:
      best === null
        ? `Name one of them, such as ${shortPath(example.directory)}`
        : `Name one of them. The best by ${objective?.metric} is ${shortPath(best.directory)}`,
  });
}

function hasWeights(run: SeenRun): boolean {
  return savedCheckpoints(run).some(({ rolling }) => !rolling);
}

/** Of a place that a run is wanted of: what lies there, and what to name. Null for a run. */
export function whyNoRun(directory: string): ConfigurationError | null {
  if (isRun(directory)) return null;
  const place = shortPath(directory);
  const what = exists(directory) ? `${place} is no run directory: it has no run.json` : `there is no run ${place}`;
  return (
    severalRuns(directory) ??
    new ConfigurationError(`${what}${nearPathsHint(place, process.cwd())}`, {
      hint: 'Name the directory of a run, such as runs/sl_basic.',
    })
  );
}

function neither(place: string): ConfigurationError {
  const what = exists(place) ? `${place} is neither a run nor a model` : `there is no run and no model ${place}`;
  return new ConfigurationError(`${what}${nearPathsHint(place, process.cwd())}`, {
    hint: 'Name a run directory (it has a run.json), a model directory (it has a config.json), a GGUF file, or a model of the hub as ORG/NAME.',
  });
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
