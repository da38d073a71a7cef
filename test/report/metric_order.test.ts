import { describe, expect, it } from 'vitest';
import { MetricOrder } from '../../src/report/metric_order.ts';

const ordered = (names: string[], telling: string[] = []) => {
  const order = new MetricOrder(telling);
  return names.toSorted((a, b) => order.compare(a, b));
};
const brief = (names: string[], telling: string[] = []) => {
  const order = new MetricOrder(telling);
  return names.filter((name) => !order.isDetail(name));
};

describe('the order of metrics', () => {
  it('is one for every trainer: what the run is judged by, tests, training, the optimizer, others, environments, counts, times', () => {
    const wanted = [
      'custom/score',
      'another',
      'test/env/all/reward/total',
      'eval/gsm8k/score',
      'test/bpb',
      'test/env/all/guesses',
      'test/env/all/total_turns',
      'test/env/odd/success',
      'env/all/reward/format',
      'env/all/reward/total',
      'loss:sum',
      'my_loss',
      'train_mean_nll',
      'grad_norm',
      'kl_pre_post_v1',
      'learning_rate',
      'optim/lr',
      'a_plugin/metric',
      'lossless',
      'env/odd/reward/total',
      'env/all/success',
      'env/all/stop/completed',
      'env/odd/success',
      'epoch',
      'progress',
      'progress/batch',
      'num_tokens',
      'tokens/sampled',
      'time/total',
    ];
    const telling = ['custom/score', 'another'];
    expect(ordered(wanted.toReversed(), telling)).toEqual(wanted);
    expect(ordered(wanted.toSorted(), telling)).toEqual(wanted);
  });

  it('has a place for every name that there may be', () => {
    const odd = ['', 'test', 'time', 'env', 'tokens', '学習', 'constructor', '__proto__', 'a\0b'];
    expect(ordered(odd)).toEqual(odd.toSorted());
    expect(brief(odd)).toEqual(odd);
  });
});

describe('details', () => {
  it('are what every rollout counts, tags but for their rewards, what only describes tests, counts and times', () => {
    const details = [
      'env/all/ac_tokens_per_turn',
      'env/all/total_episodes',
      'env/all/stop/max_turns',
      'env/odd/success',
      'env/odd/by_group/frac_mixed',
      'test/env/all/by_group/frac_mixed',
      'test/env/odd/success',
      'progress/batch',
      'tokens/cumulative/trained',
      'num_loss_tokens',
      'time/train',
    ];
    const shown = [
      'env/all/reward/total',
      'env/odd/reward/total',
      'env/all/total_score',
      'env/all/by_group/frac_mixed',
      'test/env/odd/reward/total',
      'test/env/all/success',
      'optim/entropy',
      'kl_policy_base',
      'mine',
    ];
    expect(brief([...details, ...shown])).toEqual(shown);
  });

  it('are none that a run is judged by', () => {
    expect(brief(['time/total', 'env/odd/success'], ['time/total'])).toEqual(['time/total']);
  });
});
