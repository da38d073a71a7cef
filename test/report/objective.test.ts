import { describe, expect, it } from 'vitest';
import type { Headline } from '../../src/registry/headline.ts';
import { type ObjectiveOptions, objectivesFor } from '../../src/report/objective.ts';
import type { RunEntry } from '../../src/report/run_entry.ts';
import { entry } from './entries.ts';

const declared = { metric: 'test/accuracy', goal: 'maximize', at: 'best' } as const;
const metrics = (entries: RunEntry[], options: ObjectiveOptions = {}) =>
  objectivesFor(entries, options).map(({ metric, goal, at }) => `${metric} ${goal} ${at.kind}`);

describe('objectivesFor', () => {
  it('takes what the runs declare, and of several the newest', () => {
    const older = { ...declared, metric: 'old', goal: 'minimize' } as const;
    const runs = [
      entry({ objective: declared, created_at: '2026-01-02' }),
      entry({ objective: older, created_at: '2026-01-01' }),
      entry({}),
    ];
    expect(metrics(runs)).toEqual(['test/accuracy maximize best']);
  });

  it('lets the user overrule each part of it', () => {
    const runs = [entry({ objective: declared })];
    expect(metrics(runs, { at: 'last' })).toEqual(['test/accuracy maximize last']);
    expect(metrics(runs, { goal: 'minimize' })).toEqual(['test/accuracy minimize best']);
    expect(metrics(runs, { metric: 'kl', at: 'step:3' })).toEqual(['kl minimize step']);
  });

  it('takes the headline of the runs, with its goals, whatever the names say', () => {
    const headline: Headline[] = [
      { metric: 'test/distance', goal: 'minimize', label: 'distance' },
      { metric: 'score', goal: 'minimize', label: 'score' },
    ];
    const runs = [entry({}), entry({ headline })];
    expect(metrics(runs)).toEqual(['test/distance minimize last', 'score minimize last']);
    expect(metrics(runs, { metric: 'score', at: 'best' })).toEqual(['score minimize best']);
  });

  it('of runs without a headline falls back on the held-out loss, then on the training loss, then on the rewards', () => {
    expect(metrics([entry({})])).toEqual([
      'test/nll minimize last',
      'train_mean_nll minimize last',
      'test/env/all/reward/total maximize last',
      'env/all/reward/total maximize last',
    ]);
  });

  it('prefers bits per byte between models, whose tokens differ', () => {
    const runs = [entry({ spec: { model_name: 'a' } }), entry({ spec: { model_name: 'b' } })];
    expect(metrics(runs)[0]).toBe('test/bpb minimize last');
  });

  it('tells the goal from the name of a metric only where the name says it', () => {
    const goals = [
      'test/nll',
      'eval_loss',
      'kl/mean',
      'env/all/reward/total',
      'pass@8',
      'score',
      'num_tokens',
      'closse',
    ];
    expect(goals.map((metric) => objectivesFor([entry({})], { metric })[0].goal)).toEqual([
      'minimize',
      'minimize',
      'minimize',
      'maximize',
      'maximize',
      'maximize',
      null,
      null,
    ]);
  });

  it('asks for the goal where the best value needs one', () => {
    expect(() => objectivesFor([entry({})], { metric: 'num_tokens', at: 'best' })).toThrow(
      'which value of num_tokens is the best is not known',
    );
  });

  it('refuses a value that is none of last, best and step:N', () => {
    expect(() => objectivesFor([entry({})], { at: 'first' })).toThrow('--at cannot be "first"');
  });
});
