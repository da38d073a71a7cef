// The order in which the metrics of a run are shown, whoever trained it, and which of them are shown at first.

import { compareNaturally } from '../util/natural_order.ts';

interface Group {
  names: RegExp;
  /** Not shown unless everything is asked for. */
  isDetail?: true;
}

/** In this order; a metric is of the first group that its name fits. Within a group rewards go first, then it is the alphabet. */
const GROUPS: readonly Group[] = [
  { names: /^(test|eval)\// },
  // What training itself measures of its success.
  { names: /^env\/all\/reward\/|^reward\/|^train_|(^|[/_])loss$|(^|\/)loss[:/]/ },
  // The optimizer and the policy.
  { names: /^(optim|async|sampling_client|rollout_errors)\/|^kl_|^learning_rate$|^grad_norm$/ },
  // What no group names: metrics of plugins and of other tools.
  { names: /^(?!(env|progress|tokens|time)\/|progress$|epoch$|num_)/ },
  { names: /^env\// },
  { names: /^progress(\/|$)|^epoch$/, isDetail: true },
  { names: /^tokens\/|^num_/, isDetail: true },
  { names: /^time\//, isDetail: true },
];

/** Of the environments: what every rollout counts, and of groups with a tag, or that are only tested, everything but the results. */
const ENV_DETAILS = [
  /^(test\/)?env\/[^/]+\/(ac_tokens_per_turn|ob_tokens_per_turn|total_(episodes|turns|ac_tokens|ob_tokens|cached_ob_tokens)|stop\/.*)$/,
  /^(test\/)?env\/(?!all\/)[^/]+\/(?!reward\/)/,
  /^test\/env\/[^/]+\/by_group\//,
];

export class MetricOrder {
  /** What the run is judged by, the most telling first. */
  readonly #telling: readonly string[];

  constructor(telling: readonly string[]) {
    this.#telling = telling;
  }

  /** Of two names; those of the metrics that the run is judged by go before all others. */
  compare(a: string, b: string): number {
    const [x, y] = [this.#keyOf(a), this.#keyOf(b)];
    for (const [i, each] of x.entries()) if (each !== y[i]) return each - (y[i] ?? 0);
    return compareNaturally(a, b);
  }

  isDetail(metric: string): boolean {
    if (this.#telling.includes(metric)) return false;
    return GROUPS[groupOf(metric)]?.isDetail === true || isEnvDetail(metric);
  }

  #keyOf(metric: string): number[] {
    const telling = this.#telling.indexOf(metric);
    if (telling >= 0) return [-1, telling];
    return [groupOf(metric), isEnvDetail(metric) ? 2 : /(^|\/)reward\//.test(metric) ? 0 : 1];
  }
}

const groupOf = (metric: string): number => GROUPS.findIndex(({ names }) => names.test(metric));
const isEnvDetail = (metric: string): boolean => ENV_DETAILS.some((names) => names.test(metric));
