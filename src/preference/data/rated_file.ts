// The dataset of a file of rated responses, several a prompt: the best of each prompt against the worst.

import type { Renderer } from '../../renderers/types.ts';
import { errorAt, namedRows, type RowPlace, readRows } from '../../supervised/data/rows.ts';
import type { DatasetContext } from '../../supervised/types.ts';
import { shortPath } from '../../util/files.ts';
import type { PreferenceDatasets } from '../types.ts';
import {
  alikeProblem,
  preferenceDatasets,
  type RenderedPair,
  renderCompletion,
  type Sequence,
} from './file_dataset.ts';
import { tellTies } from './read_comparisons.ts';
import type { RatedFileParams } from './unpaired_params.ts';
import { ratedReader } from './unpaired_rows.ts';

interface Placed {
  prompt: string;
  completion: string;
  rating: number;
  rendered: Sequence;
  place: RowPlace;
}

export async function ratedFileDatasets(params: RatedFileParams, context: DatasetContext): Promise<PreferenceDatasets> {
  return await preferenceDatasets(params, context, {
    what: 'prompts',
    read: (file, context) => bestAgainstWorst(file, params, context),
  });
}

/** One entry a prompt, in the order in which the prompts come first; it stands where its best response does. */
async function bestAgainstWorst(
  file: string,
  { columns, on_bad_row: onBadRow }: RatedFileParams,
  { renderer, ...context }: DatasetContext & { renderer: Renderer },
): Promise<({ pair: RenderedPair; place: RowPlace } | null)[]> {
  const read = ratedReader({ columns });
  const rows = await readRows(file, { onBadRow, ...context }, (row, place): Placed => {
    const { prompt, completion, rating } = read(row);
    const rendered = renderCompletion(prompt, completion, renderer);
    return { prompt: JSON.stringify(prompt), completion: JSON.stringify(completion), rating, rendered, place };
  });
  const byPrompt = new Map<string, Placed[]>();
  for (const row of rows.filter((row) => row !== null)) {
    byPrompt.set(row.prompt, [...(byPrompt.get(row.prompt) ?? []), row]);
  }
  const alone: RowPlace[] = [];
  const alike: RowPlace[] = [];
  const pairs = [...byPrompt.values()].map((responses) => {
    const best = responses.reduce((most, response) => (response.rating > most.rating ? response : most));
    const worst = responses.reduceRight((least, response) => (response.rating < least.rating ? response : least));
    if (best.completion === worst.completion) {
      alone.push(best.place);
      return null;
    }
    const problem = alikeProblem(best.rendered, worst.rendered);
    if (problem !== null) {
      if (onBadRow === 'error') throw errorAt(file, best.place, problem);
      alike.push(best.place);
      return null;
    }
    const tie = best.rating === worst.rating;
    return { pair: { chosen: best.rendered, rejected: worst.rendered, tie }, place: best.place };
  });
  const ties = pairs.filter((pair) => pair?.pair.tie === true).length;
  tellTies(ties, { file, what: 'prompts', of: pairs.length, notify: context.notify });
  const leftOut = (places: readonly RowPlace[], why: string) => {
    if (places.length === 0) return;
    const share = `${places.length} of ${pairs.length} prompts`;
    context.warn(`${shortPath(file)}: ${share} left out, ${why} (${namedRows(places)})`);
  };
  leftOut(alone, 'which have no two responses');
  leftOut(alike, 'whose best and worst response are the same tokens');
  return pairs;
}
