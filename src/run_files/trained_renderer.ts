// The renderer that the weights of a run were trained with: as their checkpoint noted it, else as the spec named it.

import { isPlainRef, type PlainRef } from '../registry/slot.ts';
import { textOf } from '../util/json.ts';
import { checkpointPlace } from './checkpoint_digests.ts';
import { type SeenRun, seeCheckpoints } from './seen_run.ts';
import type { LocatedWeights } from './weights_reference.ts';

/** Null where nothing says it: the weights are of no run, of one of another program, or of a version before. */
export function rendererOfWeights({ run, model_path }: Pick<LocatedWeights, 'run' | 'model_path'>): PlainRef | null {
  return run === null || model_path === undefined ? null : trainedRenderer(run, model_path);
}

/** `place`: where the weights lie. */
function trainedRenderer({ directory, checkpointsFile, spec }: SeenRun, place: string): PlainRef | null {
  const line = seeCheckpoints(checkpointsFile).objects.findLast(({ state_path, sampler_path }) =>
    [state_path, sampler_path].some((path) => checkpointPlace(directory, textOf(path) ?? '') === place),
  );
  if (isPlainRef(line?.renderer)) return line.renderer;
  return isPlainRef(spec.renderer) ? spec.renderer : null;
}
