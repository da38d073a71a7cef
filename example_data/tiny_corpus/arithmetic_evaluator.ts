// Evaluator `arithmetic`: the share of sums that a model gets right, among sums that the tiny corpus never shows.

import {
  ConfigurationError,
  defineBuilder,
  type Evaluator,
  evaluatorSlot,
  type Metrics,
  rendererOf,
  sampleReplies,
  semantic,
  Type,
} from 'tinker-cookbook';
import { carries, MAX_OPERAND, saysSum } from './arithmetic.ts';
import { isHeldOutSum } from './held_out.ts';
import { Random } from './random.ts';

interface Problem {
  a: number;
  b: number;
}

export const arithmeticEvaluator = defineBuilder({
  slot: evaluatorSlot,
  name: 'arithmetic',
  version: 1,
  doc: 'Share of sums `a + b` answered right: all, those that carry and those that do not. Asks only sums that the tiny corpus holds out.',
  params: Type.Object({
    name: semantic(Type.String({ default: 'arithmetic', description: 'Prefix of the metrics.' })),
    num_problems: semantic(
      Type.Integer({
        default: 200,
        minimum: 1,
        description: 'Sums to ask, all different; fewer where there are not that many.',
      }),
    ),
    max_operand: semantic(
      Type.Integer({ default: MAX_OPERAND, minimum: 1, maximum: MAX_OPERAND, description: 'Largest number to add.' }),
    ),
    temperature: semantic(Type.Number({ default: 0, minimum: 0, description: 'Of sampling; 0 is greedy.' })),
    problem_seed: semantic(
      Type.Integer({
        default: 0,
        description: 'Which sums are drawn; apart from the seed of the run, so that runs compare.',
      }),
    ),
  }),
  build({ name, num_problems, max_operand, temperature, problem_seed }, context): Evaluator {
    const renderer = rendererOf(context, 'arithmetic');
    const problems = drawProblems(num_problems, max_operand, problem_seed);
    return {
      async evaluate({ sampling }) {
        const conversations = problems.map(({ a, b }) => [{ role: 'user', content: `What is ${a} + ${b}?` }]);
        const options = { max_tokens: 24, temperature, seed: context.seed };
        const replies = await sampleReplies(await sampling(), renderer, conversations, options);
        return scoreSums(name, problems, replies);
      },
    };
  },
  headline: ({ name }) => [{ metric: `${name}/accuracy`, goal: 'maximize', label: `${name}/accuracy` }],
});

/** Distinct held-out sums, every pair of numbers as likely as any other. */
function drawProblems(count: number, maxOperand: number, seed: number): Problem[] {
  const heldOut: Problem[] = [];
  for (let a = 0; a <= maxOperand; a++) {
    for (let b = 0; b <= maxOperand; b++) if (isHeldOutSum(a, b)) heldOut.push({ a, b });
  }
  if (heldOut.length === 0) {
    throw new ConfigurationError(`no sum of numbers up to ${maxOperand} is held out of the tiny corpus`, {
      hint: 'Raise max_operand.',
    });
  }
  return new Random(seed).sample(heldOut, Math.min(count, heldOut.length));
}

/** Accuracy of all sums, of those that carry and of the others; a group without sums has no metric. */
function scoreSums(name: string, problems: readonly Problem[], replies: readonly string[]): Metrics {
  const graded = problems.map(({ a, b }, i) => ({ carry: carries(a, b), right: saysSum(replies[i], a + b) }));
  const groups = {
    accuracy: graded,
    accuracy_carry: graded.filter(({ carry }) => carry),
    accuracy_no_carry: graded.filter(({ carry }) => !carry),
  };
  const metrics: Metrics = {};
  for (const [group, members] of Object.entries(groups)) {
    if (members.length > 0) {
      metrics[`${name}/${group}`] = members.filter(({ right }) => right).length / members.length;
    }
  }
  return metrics;
}
