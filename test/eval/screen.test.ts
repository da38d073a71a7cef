import pc from 'picocolors';
import { expect, it } from 'vitest';
import { resultScreen } from '../../src/eval/screen.ts';
import { benchmarkResult } from '../../src/evaluation/benchmark_result.ts';
import type { ScoredSample } from '../../src/evaluation/types.ts';

const sample = (reward: number, rest: Partial<ScoredSample> = {}): ScoredSample => ({
  reward,
  metrics: { correct: reward },
  error: null,
  time_seconds: 1,
  turns: 1,
  ac_tokens: 10,
  ob_tokens: 30,
  ...rest,
});

const place = {
  target: 'runs/my run',
  argv: ['eval', 'runs/my run', '-b', 'even', '--max-tokens=64', '--save-dir', 'there'],
  max_tokens: 64,
  resultPath: 'there/even/result.json',
  trajectoriesPath: 'there/even/trajectories.jsonl',
};

it('tells of several answers, of those that failed and of those that were cut, and what helps', () => {
  const failed = sample(0, { error: 'Error: broken', metrics: {}, turns: 0, ac_tokens: 0, ob_tokens: 0 });
  const cut = sample(0, { metrics: { correct: 0, max_tokens_reached: 1 } });
  const result = benchmarkResult({ name: 'even' }, [
    [sample(1), sample(0)],
    [sample(1), sample(1)],
    [failed, cut],
    [sample(0), cut],
  ]);
  expect(result).toMatchInlineSnapshot(`
    {
      "metrics": {
        "ac_tokens_per_turn": 10,
        "correct": 0.42857142857142855,
        "max_tokens_reached": 0.2857142857142857,
        "ob_tokens_per_turn": 30,
        "total_ac_tokens": 70,
        "total_ob_tokens": 210,
        "total_turns": 7,
        "turns_per_episode": 1,
      },
      "name": "even",
      "num_correct": 3,
      "num_errors": 1,
      "num_examples": 4,
      "num_samples": 2,
      "num_truncated": 2,
      "pass_at_k": {
        "1": 0.375,
        "2": 0.5,
      },
      "pass_at_k_interval": {
        "1": [
          0.09323830687608875,
          0.7778308008450421,
        ],
        "2": [
          0.15003898915214953,
          0.8499610108478505,
        ],
      },
      "score": 0.375,
      "score_completed": 0.6,
      "score_interval": [
        0.09323830687608875,
        0.7778308008450421,
      ],
      "time_seconds": 8,
    }
  `);
  expect(resultScreen(result, place, 'Error: broken', pc.createColors(false)).join('\n')).toMatchInlineSnapshot(`
    "
    even: 37.5 % right, 3 of 8 answers to 4 examples (95 % interval: 9.3 % to 77.8 %)

      pass@1     37.5 % (95 % interval: 9.3 % to 77.8 %)
      pass@2     50.0 % (95 % interval: 15.0 % to 85.0 %)
      errors     1, counted as wrong: Error: broken
      truncated  2, cut at 64 tokens or the end of the context

      result   there/even/result.json
      answers  there/even/trajectories.jsonl

      cookbook eval 'runs/my run' -b even --max-tokens=64 --save-dir there  ask again where it failed
      cookbook eval 'runs/my run' -b even --max-tokens 256  leave more room for answers
      cookbook chat 'runs/my run'  talk to it"
  `);
});

it('fits a terminal, with what a command does below it', () => {
  const result = benchmarkResult({ name: 'even' }, [[sample(1)], [sample(0)]]);
  const screen = resultScreen({ ...result, num_examples: 2000000 }, place, null, pc.createColors(false), 60).join('\n');
  expect(screen).toMatchInlineSnapshot(`
    "
    even: 50.0 % right, 1 of 2000000 (95 % interval: 9.5 % to
      90.5 %)

      truncated  0

      result   there/even/result.json
      answers  there/even/trajectories.jsonl

      cookbook eval 'runs/my run' -b even --max-tokens=64 --save-dir there --num-samples 4
          pass@4, on top of these answers
      cookbook chat 'runs/my run'  talk to it"
  `);
});

it('offers more answers where nothing went wrong', () => {
  const result = benchmarkResult({ name: 'even' }, [[sample(1)], [sample(0)]]);
  const screen = resultScreen(result, place, null, pc.createColors(false)).join('\n');
  expect(screen).toContain('--save-dir there --num-samples 4  pass@4, on top of these answers');
  expect(screen).not.toContain('errors');
});

it('tells the parts of a benchmark apart', () => {
  const parts = [sample(1, { metrics: { 'subject/botany': 1 } }), sample(0, { metrics: { 'subject/law': 0 } })];
  const result = benchmarkResult({ name: 'choices' }, [[parts[0]], [parts[1]]]);
  const shown = resultScreen(result, place, null, pc.createColors(false));
  expect(shown.filter((line) => line.includes('subject/'))).toEqual([
    '  subject/botany  100.0 %',
    '  subject/law     0.0 %',
  ]);
});
