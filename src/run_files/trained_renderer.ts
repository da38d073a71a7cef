// The renderer that the weights of a run were trained with: as their checkpoint noted it, else as the spec named it.

import { isPlainRef, type PlainRef } from '../registry/slot.ts';
import { textOf } from '../util/json.ts';
import { checkpointPlace } from './checkpoint_digests.ts';
import { type SeenRun, seeCheckpoints } from './seen_run.ts';

/** Null where nothing says it: the run is of another program, or of a version before. `place`: where the weights lie. */
export function trainedRenderer({ directory, checkpointsFile, spec }: SeenRun, place: string): PlainRef | null {
  const line = seeCheckpoints(checkpointsFile).objects.findLast(({ state_path, sampler_path }) =>
    [state_path, sampler_path].some((path) => checkpointPlace(directory, textOf(path) ?? '') === place),
  );
  if (isPlainRef(line?.renderer)) return line.renderer;
  return isPlainRef(spec.renderer) ? spec.renderer : null;
}
