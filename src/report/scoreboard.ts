// What pages show of evaluations: by benchmark, who has answered how much of it right, how sure that is, and how far apart two are
// on the examples that both have answered.

import { differingSettings } from '../evaluation/differing_settings.ts';
import { pairedResult } from '../evaluation/paired.ts';
import { textOf } from '../util/json.ts';
import { compareNaturally } from '../util/natural_order.ts';
import type { RunPlaces } from './entries.ts';
import { answersByExample, readEvaluations, type SeenEvaluation, scoreOf } from './evaluations.ts';
import type { RunEntry } from './run_entry.ts';

export interface BenchmarkScores {
  benchmark: string;
  /** The highest score first. */
  scores: BenchmarkScore[];
  /** Those that are not shown. */
  n_more: number;
}

export interface BenchmarkScore {
  /** The directory of its results. */
  evaluation: string;
  /** The run, or else the model, that has answered. */
  model: string;
  step: number | null;
  score: number;
  score_low: number;
  score_high: number;
  num_examples: number;
  num_answers: number;
  num_errors: number;
  /** Of this less the first one; null of the first one, and where the two have no example in common. */
  difference: ScoreDifference | null;
}

interface ScoreDifference {
  value: number;
  low: number;
  high: number;
  p_value: number;
  /** Examples that both have answered. */
  num_examples: number;
  /** Settings, other than the model, in which the two differ. */
  differing: string[];
}

/** Of a benchmark; of all, those that are held against the first of theirs: each takes some ten thousand draws of the examples. */
const MOST_SCORES = 50;
const MOST_DIFFERENCES = 60;
/** The same draws for whoever looks. */
const SEED = 0;

/** Of whole evaluations, not of those that runs have made at their steps: these are metrics. @returns them, and what could not be read */
export async function readScores(
  entries: readonly RunEntry[],
  places: Pick<RunPlaces, 'directories' | 'cwd'>,
): Promise<{ benchmarks: BenchmarkScores[]; notices: string[] }> {
  const { evaluations, notices } = await readEvaluations(entries, places, { ofSteps: false });
  return { benchmarks: scoresOf(evaluations), notices };
}

function scoresOf(evaluations: readonly SeenEvaluation[]): BenchmarkScores[] {
  const benchmarks = [...new Set(evaluations.map(({ benchmark }) => benchmark))].sort(compareNaturally);
  let differences = 0;
  return benchmarks.map((benchmark) => {
    const ranked = evaluations
      .filter((each) => each.benchmark === benchmark)
      .map((seen) => ({ seen, score: scoreOf(seen) }))
      .sort((a, b) => b.score.score - a.score.score);
    const shown = ranked.slice(0, MOST_SCORES);
    const scores = shown.map(({ seen, score }, i): BenchmarkScore => {
      const { num_correct: _, ...rest } = score;
      const isHeld = i > 0 && differences < MOST_DIFFERENCES;
      if (isHeld) differences += 1;
      return {
        evaluation: seen.evaluation,
        model: seen.run ?? textOf(seen.settings.model) ?? seen.evaluation,
        step: seen.step,
        ...rest,
        difference: isHeld ? differenceOf(shown[0].seen, seen) : null,
      };
    });
    return { benchmark, scores, n_more: ranked.length - shown.length };
  });
}

function differenceOf(first: SeenEvaluation, other: SeenEvaluation): ScoreDifference | null {
  const [ofFirst, ofOther] = [first, other].map(({ answers }) => answersByExample(answers));
  const pairs = [...ofFirst].flatMap(([example, a]) => {
    const b = ofOther.get(example);
    return b === undefined ? [] : [{ a, b }];
  });
  if (pairs.length === 0) return null;
  const shares = pairs.map(({ a, b }) => [a.right / a.all, b.right / b.all] as const);
  const oneAnswerEach = pairs.every(({ a, b }) => a.all === 1 && b.all === 1);
  const { difference, difference_interval, p_value, num_examples } = pairedResult(shares, {
    seed: SEED,
    oneAnswerEach,
  });
  const [low, high] = difference_interval;
  return {
    value: difference,
    low,
    high,
    p_value,
    num_examples,
    differing: differingSettings(first.settings, other.settings),
  };
}
