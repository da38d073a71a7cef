// The dataset of a file of rated responses, several a prompt: the best of each prompt against the worst.

import type { Renderer } from '../renderers/types.ts';
import { namedRows, type RowPlace, readRows } from '../supervised/data/rows.ts';
import type { DatasetContext } from '../supervised/types.ts';
import { shortPath } from '../util/files.ts';
import { preferenceDatasets, type RenderedPair, renderCompletion } from './file_dataset.ts';
import type { PreferenceDatasets } from './types.ts';
import type { RatedFileParams } from './unpaired_params.ts';
import { type RatedResponse, ratedReader } from './unpaired_rows.ts';

type Placed = RatedResponse & { place: RowPlace };

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
  const rows = await readRows(file, { onBadRow, ...context }, (row, place): Placed => ({ ...read(row), place }));
  const byPrompt = new Map<string, Placed[]>();
  for (const row of rows.filter((row) => row !== null)) {
    const prompt = JSON.stringify(row.prompt);
    byPrompt.set(prompt, [...(byPrompt.get(prompt) ?? []), row]);
  }
  const alone: RowPlace[] = [];
  const pairs = [...byPrompt.values()].map((responses) => {
    const best = responses.reduce((most, response) => (response.rating > most.rating ? response : most));
    const worst = responses.reduceRight((least, response) => (response.rating < least.rating ? response : least));
    const tie = best.rating === worst.rating;
    if (JSON.stringify(best.completion) === JSON.stringify(worst.completion)) {
      alone.push(best.place);
      return null;
    }
    const [chosen, rejected] = [best, worst].map(({ prompt, completion }) =>
      renderCompletion(prompt, completion, renderer),
    );
    return { pair: { chosen, rejected, tie }, place: best.place };
  });
  if (alone.length > 0) {
    context.warn(
      `${shortPath(file)}: ${alone.length} of ${pairs.length} prompts left out, which have no two responses (${namedRows(alone)})`,
    );
  }
  return pairs;
}
