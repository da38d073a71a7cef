// Early stopping that would have nothing to go by, as far as a spec says it before anything runs.

import type { Headline } from '../registry/headline.ts';
import { isPlainRef } from '../registry/slot.ts';
import { closestNames, didYouMean } from '../registry/suggest.ts';
import type { Issue, RunSpec } from '../spec/types.ts';
import { isJsonObject, type JsonValue } from '../util/json.ts';

/** @param headline that of the trainer: the metrics that are known to be reported, the last of them by every step */
export function earlyStoppingIssues(spec: RunSpec, headline: readonly Headline[]): Issue[] {
  if (!isJsonObject(spec.early_stopping)) return [];
  const nothing = nothingMeasured(spec);
  if (nothing !== null)
    return [{ path: ['early_stopping'], part: 'key', message: `this run evaluates nothing to go by: ${nothing}` }];
  const { metric, goal } = spec.early_stopping;
  if (typeof metric !== 'string' || goal !== null || headline.some((known) => known.metric === metric)) return [];
  const reported = headline.slice(0, -1).map((known) => known.metric);
  const there = reported.length === 0 ? '' : `; known are ${reported.join(', ')}`;
  const message = `no evaluation of this run is known to report "${metric}"${didYouMean(closestNames(metric, reported)) || there}. For one that an evaluator of yours reports, set early_stopping.goal too`;
  return [{ path: ['early_stopping', 'metric'], part: 'value', message }];
}

/** What keeps a run from evaluating anything, with what to do; null where it may evaluate something. */
function nothingMeasured({ eval_every, infrequent_eval_every = 0, ...spec }: RunSpec): string | null {
  const { evaluators, infrequent_evaluators, dataset } = spec;
  if (eval_every === 0 && (infrequent_eval_every === 0 || isEmpty(infrequent_evaluators)))
    return 'eval_every is 0. Set it to the steps between evaluations';
  if (!isEmpty(evaluators) || !isEmpty(infrequent_evaluators) || !isPlainRef(dataset)) return null;
  const { test_size } = dataset;
  const other = ['test_file_path', 'test_split'].filter((field) => field in dataset);
  if (test_size !== 0 || other.some((field) => dataset[field] !== null)) return null;
  const fields = ['test_size', ...other].map((field) => `dataset.${field}`).join(' or ');
  return `no data is held out and no evaluator listed. Set ${fields}, or evaluators`;
}

/** A trainer without such a list has nothing in it that would be known here. */
const isEmpty = (list: JsonValue | undefined) => Array.isArray(list) && list.length === 0;
