// The checkpoints of a run as somebody else sees them, with where their weights are.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isCheckpointName, LOCAL_PREFIX } from '../tinker/local_path.ts';
import { CheckpointError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { numberOf, textOf } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { type SeenRun, seeCheckpoints } from './seen_run.ts';

export interface SavedCheckpoint {
  name: string;
  /** Batches that its weights have seen; -1 where nothing says it. */
  batch: number;
  final: boolean;
  /** Deleted when the next one is saved. */
  rolling: boolean;
  /** Kept for being the best so far, until a better one is. */
  best: boolean;
  state_path: string | null;
  sampler_path: string | null;
}

/**
 * In the order in which they were saved.
 * @throws CheckpointError when checkpoints.jsonl is damaged
 */
export function savedCheckpoints({ directory, checkpointsFile }: SeenRun): SavedCheckpoint[] {
  if (checkpointsFile === null) return foundCheckpoints(directory);
  const { objects, damaged, problem } = seeCheckpoints(checkpointsFile);
  if (problem !== null) throw new CheckpointError(`${shortPath(directory)}: ${problem}`);
  if (damaged > 0) throw new CheckpointError(`${shortPath(checkpointsFile)} has ${plural(damaged, 'damaged line')}`);
  return objects.flatMap(({ name, batch, final, rolling, best, state_path, sampler_path }) => {
    const called = textOf(name);
    if (called === null) return [];
    return {
      name: called,
      batch: numberOf(batch) ?? -1,
      final: final === true || called === 'final',
      rolling: rolling === true,
      best: best === true,
      state_path: textOf(state_path),
      sampler_path: textOf(sampler_path),
    };
  });
}

/** What lies in a directory whose log is lost, the final one last. */
function foundCheckpoints(directory: string): SavedCheckpoint[] {
  const states = namesIn(join(directory, 'checkpoints', 'weights'));
  const samplers = namesIn(join(directory, 'checkpoints', 'sampler_weights'));
  const names = [...new Set([...states, ...samplers])].sort();
  const ordered = [...names.filter((name) => name !== 'final'), ...names.filter((name) => name === 'final')];
  return ordered.map((name) => ({
    name,
    batch: Number(/^(?:best-)?(\d+)$/.exec(name)?.[1] ?? -1),
    final: name === 'final',
    rolling: !samplers.includes(name),
    best: name.startsWith('best-'),
    state_path: states.includes(name) ? `${LOCAL_PREFIX}weights/${name}` : null,
    sampler_path: samplers.includes(name) ? `${LOCAL_PREFIX}sampler_weights/${name}` : null,
  }));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter(isCheckpointName);
  } catch {
    return [];
  }
}
