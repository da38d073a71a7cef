// Reward models whose weights come from a run that was not trained on labels of comparisons: what they say is no judgement.

import { isAbsolute } from 'node:path';
import { seeRun } from '../run_files/seen_run.ts';
import type { Issue, RunSpec, SpecPath } from '../spec/types.ts';
import { shortPath } from '../util/files.ts';
import { isJsonObject, type JsonValue, textOf } from '../util/json.ts';

/** What a reward model is trained on. */
const LABELS = 'comparison_labels';

/** Of a run with plugins nobody knows what its datasets hold. */
export function rewardModelIssues(spec: RunSpec): Issue[] {
  return [...trainedModels(spec, [])].flatMap(({ path, run }) => {
    const { spec: producer } = seeRun(run);
    const { plugins, trainer, dataset } = producer;
    const isOwn = plugins === undefined || (Array.isArray(plugins) && plugins.length === 0);
    if (textOf(trainer) === null || !isOwn || JSON.stringify(producer).includes(`"${LABELS}"`)) return [];
    const builder = isJsonObject(dataset) ? textOf(dataset.builder) : null;
    const on = builder === null ? '' : ` on ${builder}`;
    const message = `${shortPath(run)} was trained by ${trainer}${on}, and a reward model is a run of supervised on ${LABELS}: name such a run`;
    return [{ path, part: 'value', message }];
  });
}

/** The preference models `trained` of a spec, wherever other builders hold them, whose run is named by its directory. */
function* trainedModels(value: JsonValue, path: SpecPath): Generator<{ path: SpecPath; run: string }> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* trainedModels(item, [...path, index]);
  } else if (isJsonObject(value)) {
    if (value.builder === 'trained') {
      const { weights } = value;
      const run = isJsonObject(weights) ? weights.run : weights;
      if (typeof run === 'string' && isAbsolute(run)) yield { path: [...path, 'weights'], run };
    }
    for (const [name, item] of Object.entries(value)) yield* trainedModels(item, [...path, name]);
  }
}
