// Sums with a rubric that says which number is right, and replies that are right or nearly so: made by the seed, with the truth known.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { permutation } from '../../util/permutation.ts';
import { nextBelow, randomFor } from '../../util/random.ts';
import type { LabelledReply, RubricDatapoint, RubricRows } from './types.ts';

export interface RubricSumsParams {
  max_operand: number;
  num_examples: number;
  test_size: number;
  replies_per_row: number;
}

/** Pairs that are held out are the same for every seed; what is said of a pair is decided by the seed. */
export function rubricSums(
  { max_operand, num_examples, test_size, replies_per_row }: RubricSumsParams,
  seed: number,
): RubricRows {
  const operands = max_operand + 1;
  const pairs = permutation(operands ** 2, [0]);
  const held = Math.min(test_size, pairs.length - 1);
  const seen = pairs.slice(held);
  const order = permutation(seen.length, [seed]);
  const at = (pair: number, random: RandomGenerator) => {
    const [a, b] = [Math.floor(pair / operands), pair % operands];
    return datapoint(
      a,
      b,
      Array.from({ length: replies_per_row }, () => candidate(a + b, random)),
    );
  };
  return {
    train: Array.from({ length: num_examples }, (_, i) =>
      at(seen[order[i % seen.length]], randomFor(seed, 'rubric sum', i)),
    ),
    test: pairs.slice(0, held).map((pair, i) => at(pair, randomFor(0, 'held-out rubric sum', i))),
  };
}

function datapoint(a: number, b: number, said: readonly string[]): RubricDatapoint {
  const sum = a + b;
  return {
    convo: [{ role: 'user', content: `What is ${a} + ${b}?` }],
    rubric_items: [
      {
        rubric_str: `The reply is ${sum}.`,
        extraction_regex: null,
        grader_output_format_instruction: 'Answer <score>1</score> or <score>0</score>.',
        rule: { last_number: sum },
      },
    ],
    replies: said.map((reply): LabelledReply => ({ reply, scores: [reply === String(sum) ? 1 : 0] })),
  };
}

/** Right half of the time; else wrong as those are who add up badly: by a little, by ten, or in the order of the digits. */
function candidate(sum: number, random: RandomGenerator): string {
  if (nextBelow(random, 2) === 0) return String(sum);
  const turned = Number([...String(sum)].reverse().join(''));
  const wrong = [sum + 1, sum - 1, sum + 2, sum - 2, sum + 10, sum - 10, turned, nextBelow(random, 2 * sum + 2)];
  const other = wrong.filter((each) => each >= 0 && each !== sum);
  return String(other[nextBelow(random, other.length)]);
}
