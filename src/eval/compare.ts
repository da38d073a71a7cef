// cookbook eval compare: two evaluations of the same examples, held against each other example by example.

import { differingSettings } from '../evaluation/differing_settings.ts';
import { type PairedResult, pairedResult } from '../evaluation/paired.ts';
import { type RecordedAnswer, type RecordedEvaluation, recordedEvaluations } from '../evaluation/recorded_answers.ts';
import { ConfigurationError } from '../util/errors.ts';
import { plural } from '../util/plural.ts';

export interface CompareOptions {
  a: string;
  b: string;
  /** Only this benchmark; null = all that both have. */
  benchmark: string | null;
  /** Decides what the bootstrap draws. */
  seed: number;
}

/** An example that the two have answered differently; of several answers to it, the first of each. */
export interface FlippedExample {
  example_id: string;
  input: string;
  expected: string | null;
  share_a: number;
  share_b: number;
  extracted_a: string | number | null;
  extracted_b: string | number | null;
}

export interface ComparedBenchmark extends PairedResult {
  benchmark: string;
  path_a: string;
  path_b: string;
  /** Right in b more often than in a, and the other way round; the clearest first. */
  better: FlippedExample[];
  worse: FlippedExample[];
  /** What keeps the two from being alike in all but the model. */
  notices: string[];
}

/** @throws ConfigurationError where the two have no benchmark, or no example, in common */
export async function compareEvaluations({ a, b, benchmark, seed }: CompareOptions): Promise<ComparedBenchmark[]> {
  const [ofA, ofB] = await Promise.all([recordedEvaluations(a), recordedEvaluations(b)]);
  const pairs = ofA.flatMap((first) => {
    if (benchmark !== null && first.benchmark !== benchmark) return [];
    const second = ofB.find((each) => each.benchmark === first.benchmark);
    return second === undefined ? [] : [{ first, second }];
  });
  if (pairs.length > 0) return pairs.map(({ first, second }) => compared(first, second, seed));
  const names = (evaluations: readonly RecordedEvaluation[]) => evaluations.map((each) => each.benchmark).join(', ');
  throw new ConfigurationError(`${a} has ${names(ofA)}, and ${b} has ${names(ofB)}`, {
    hint: 'Two evaluations are compared on a benchmark that both were asked.',
  });
}

function compared(a: RecordedEvaluation, b: RecordedEvaluation, seed: number): ComparedBenchmark {
  const [answersA, answersB] = [byExample(a.answers), byExample(b.answers)];
  const shared = [...answersA].flatMap(([example_id, ofA]) => {
    const ofB = answersB.get(example_id);
    return ofB === undefined ? [] : [{ example_id, ofA, ofB, share_a: shareOf(ofA), share_b: shareOf(ofB) }];
  });
  if (shared.length === 0) {
    throw new ConfigurationError(`${a.benchmark}: the two have no example in common`, {
      hint: 'They are told apart by what is asked, the system prompt and the order of choices included: use the same --set and --seed.',
    });
  }
  const flipped = shared
    .filter(({ share_a, share_b }) => share_a !== share_b)
    .map(({ example_id, ofA, ofB, share_a, share_b }): FlippedExample => {
      const { input, expected } = ofA[0];
      const [extracted_a, extracted_b] = [ofA[0].extracted, ofB[0].extracted];
      return { example_id, input, expected, share_a, share_b, extracted_a, extracted_b };
    })
    .sort((x, y) => Math.abs(y.share_b - y.share_a) - Math.abs(x.share_b - x.share_a));
  const oneAnswerEach = shared.every(({ ofA, ofB }) => ofA.length === 1 && ofB.length === 1);
  const left = { a: answersA.size - shared.length, b: answersB.size - shared.length };
  return {
    benchmark: a.benchmark,
    path_a: a.path,
    path_b: b.path,
    ...pairedResult(
      shared.map(({ share_a, share_b }) => [share_a, share_b]),
      { seed, oneAnswerEach },
    ),
    better: flipped.filter(({ share_a, share_b }) => share_b > share_a),
    worse: flipped.filter(({ share_a, share_b }) => share_b < share_a),
    notices: [
      ...differences(a, b),
      ...pooled('a', a, answersA.size),
      ...pooled('b', b, answersB.size),
      ...leftOut(left),
      ...failures(a, b),
    ],
  };
}

type Answers = [RecordedAnswer, ...RecordedAnswer[]];

function byExample(answers: readonly RecordedAnswer[]): Map<string, Answers> {
  const found = new Map<string, Answers>();
  for (const answer of answers.toSorted((x, y) => x.sample - y.sample)) {
    const before = found.get(answer.example_id);
    if (before === undefined) found.set(answer.example_id, [answer]);
    else before.push(answer);
  }
  return found;
}

const shareOf = (answers: Answers): number => answers.filter(({ isCorrect }) => isCorrect).length / answers.length;

function differences(a: RecordedEvaluation, b: RecordedEvaluation): string[] {
  const [first, second] = [a.settings ?? {}, b.settings ?? {}];
  const differing = differingSettings(first, second);
  const graders = [a, b].map(({ answers }) => new Set(answers.map(({ grader }) => grader)));
  const sameGrader = graders.every((each) => each.size === 1) && [...graders[0]][0] === [...graders[1]][0];
  return [
    ...differing.map(
      (name) =>
        `${name} is ${JSON.stringify(first[name] ?? null)} in a and ${JSON.stringify(second[name] ?? null)} in b`,
    ),
    ...(sameGrader ? [] : ['answers of the two were judged by different graders: evaluate the older one again']),
  ];
}

/** Under another `--set` other examples are asked, whose answers are kept in the same file. */
function pooled(name: string, { num_examples }: RecordedEvaluation, answered: number): string[] {
  if (num_examples === null || answered <= num_examples) return [];
  return [
    `${name} has answers to ${plural(answered, 'example')}, and its last result is of ${num_examples}: those asked under another --set or --limit count here too`,
  ];
}

function leftOut({ a, b }: { a: number; b: number }): string[] {
  const told = [a === 0 ? [] : `${plural(a, 'example')} of a`, b === 0 ? [] : `${plural(b, 'example')} of b`].flat();
  return told.length === 0 ? [] : [`${told.join(' and ')} left out, which the other has not answered`];
}

function failures(a: RecordedEvaluation, b: RecordedEvaluation): string[] {
  const failed = [a, b].map(({ answers }) => answers.filter(({ error }) => error !== null).length);
  if (failed.every((count) => count === 0)) return [];
  return [`${failed[0]} answers of a and ${failed[1]} of b have failed, which counts as wrong`];
}
