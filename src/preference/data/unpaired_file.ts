// The dataset of a file of completions that were judged one by one: a prompt, a completion, and whether it is wanted.

import type { Renderer } from '../../renderers/types.ts';
import { readRows } from '../../supervised/data/rows.ts';
import type { DatasetContext } from '../../supervised/types.ts';
import type { PreferenceDatasets } from '../types.ts';
import { preferenceDatasets, type RenderedPair, renderCompletion } from './file_dataset.ts';
import { onlyLabel } from './one_label.ts';
import type { UnpairedFileParams } from './unpaired_params.ts';
import { type JudgedCompletion, unpairedReader } from './unpaired_rows.ts';

export async function unpairedFileDatasets(
  params: UnpairedFileParams,
  context: DatasetContext,
): Promise<PreferenceDatasets> {
  const labels = new Set<boolean>();
  const datasets = await preferenceDatasets(params, context, {
    what: 'completions',
    async read(file, { renderer, ...context }) {
      const read = unpairedReader(params);
      return await readRows(file, { onBadRow: params.on_bad_row, ...context }, (row, place) => {
        const judged = read(row);
        if (file === params.file_path) labels.add(judged.wanted);
        return { pair: renderJudged(judged, renderer), place };
      });
    },
  });
  return { ...datasets, unpaired: { file: params.file_path, onlyLabel: onlyLabel(labels) } };
}

/** A pair that lacks the other completion. */
export function renderJudged({ prompt, completion, wanted }: JudgedCompletion, renderer: Renderer): RenderedPair {
  const sequence = renderCompletion(prompt, completion, renderer);
  return wanted ? { chosen: sequence, rejected: null, tie: false } : { chosen: null, rejected: sequence, tie: false };
}
