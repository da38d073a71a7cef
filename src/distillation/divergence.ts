// How far a student's distribution over a few tokens is from its teacher's, with the slope by the student's log-probs.

import { logSumExp } from './soft_targets.ts';

export interface Divergence {
  /** In nats. */
  value: number;
  /** dValue / d log-prob of each token under the student. */
  slopes_K: number[];
}

/** Probabilities of what a teacher has not named are no smaller than this: below it float32 sums know nothing of them. */
const LEAST_TAIL = 1e-6;

/**
 * The generalised Jensen-Shannon divergence of GKD (arXiv 2306.13649), with `beta` as TRL has it: 0 is KL(teacher ‖ student), 1 is
 * KL(student ‖ teacher), and between them β·KL(teacher ‖ m) + (1 − β)·KL(student ‖ m) with m = β·teacher + (1 − β)·student. All other
 * tokens are one more outcome, so that probability which the student gives them counts; for a K of the whole vocabulary this is the
 * divergence itself, and else never more than that.
 */
export function generalizedJsd(
  student_K: ArrayLike<number>,
  teacher_K: ArrayLike<number>,
  { beta }: { beta: number },
): Divergence {
  const [student, teacher] = [withTail(student_K), withTail(teacher_K)];
  const { value, slopes_K: slopes } = divergence(student, teacher, beta);
  const K = student_K.length;
  // d log tail / d log q = −q / tail; at its least the tail does not move.
  const tail = Math.exp(student[K]);
  const pull = tail > LEAST_TAIL ? slopes[K] / tail : 0;
  return { value, slopes_K: slopes.slice(0, K).map((slope, k) => slope - pull * Math.exp(student[k])) };
}

/** KL(student ‖ teacher) with both made to sum to 1 over the tokens. */
export function reverseKl(student_K: ArrayLike<number>, teacher_K: ArrayLike<number>): Divergence {
  const student = normalized(student_K);
  const { value, slopes_K: slopes } = divergence(student, normalized(teacher_K), 1);
  const sum = slopes.reduce((total, slope) => total + slope, 0);
  return { value, slopes_K: slopes.map((slope, k) => slope - sum * Math.exp(student[k])) };
}

/** Between distributions that sum to 1, given by their logarithms; slopes by those of the student, each by itself. */
function divergence(student: readonly number[], teacher: readonly number[], beta: number): Divergence {
  let value = 0;
  const slopes_K = student.map((logQ, k) => {
    const logP = teacher[k];
    const [p, q] = [Math.exp(logP), Math.exp(logQ)];
    if (beta === 0) {
      value += p * (logP - logQ);
      return -p;
    }
    if (beta === 1) {
      value += q * (logQ - logP);
      return q * (logQ - logP + 1);
    }
    const logM = Math.log(beta * p + (1 - beta) * q);
    value += beta * p * (logP - logM) + (1 - beta) * q * (logQ - logM);
    return (1 - beta) * q * (logQ - logM);
  });
  return { value, slopes_K };
}

function normalized(logprobs_K: ArrayLike<number>): number[] {
  const total = logSumExp(logprobs_K);
  return Array.from(logprobs_K, (logprob) => logprob - total);
}

function withTail(logprobs_K: ArrayLike<number>): number[] {
  const logprobs = Array.from(logprobs_K);
  const rest = 1 - logprobs.reduce((sum, logprob) => sum + Math.exp(logprob), 0);
  return [...logprobs, Math.log(Math.max(rest, LEAST_TAIL))];
}
