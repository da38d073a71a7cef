// Weights that are about to be opened: found, and held against what their run noted of them when it saved them.

import type { WeightsRef } from '../registry/fields.ts';
import { textOf } from '../util/json.ts';
import { checkpointPlace, digestsShape, verifyDigests } from './checkpoint_digests.ts';
import { type SeenRun, seeCheckpoints } from './seen_run.ts';
import { rendererOfWeights } from './trained_renderer.ts';
import { type LocatedWeights, locateWeights, type ResolveOptions } from './weights_reference.ts';

const HINT = 'Put it back as it was, name another checkpoint of the run, or run it again with if_exists=delete.';

/**
 * Finds weights, and makes sure that they are those which were saved.
 * @throws what `locateWeights` does, and DataFormatError that names a file which was changed since
 */
export async function verifiedWeights(ref: WeightsRef, options: ResolveOptions): Promise<LocatedWeights> {
  const located = locateWeights(ref, options);
  const { run, model_path } = located;
  if (run === null || model_path === undefined) return located;
  await verify(run, model_path);
  return { ...located, renderer: rendererOfWeights(located) };
}

/** Other programs, and versions of before, note nothing that weights could be held against. */
async function verify({ directory, checkpointsFile }: SeenRun, place: string): Promise<void> {
  const { objects } = seeCheckpoints(checkpointsFile);
  const found = objects.findLast(({ state_path, sampler_path }) =>
    [state_path, sampler_path].some((path) => checkpointPlace(directory, textOf(path) ?? '') === place),
  );
  const { digests, ...line } = found ?? {};
  if (!digestsShape.is(digests)) return;
  const saved = { name: textOf(line.name) ?? '', line, digests, hint: HINT };
  await verifyDigests(directory, saved, { metrics: null, paths: [place] });
}
