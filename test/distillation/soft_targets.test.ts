// A teacher's likeliest tokens as targets, and divergences between student and teacher.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generalizedJsd, reverseKl } from '../../src/distillation/divergence.ts';
import { crossEntropyTargets, renormalized, teacherTargets } from '../../src/distillation/soft_targets.ts';
import { datumFromModelInputWeights } from '../../src/supervised/common.ts';
import type { SamplingClient } from '../../src/tinker/clients.ts';
import { modelInputFromTokens, type SampleResponse } from '../../src/tinker/types.ts';

/** A teacher that says what it is told to. */
function teacherSaying(topk_prompt_logprobs: SampleResponse['topk_prompt_logprobs']): SamplingClient {
  const sequences = [{ stop_reason: 'length' as const, tokens: [0], logprobs: [0] }];
  return {
    sample: async () => ({ sequences, ...(topk_prompt_logprobs !== undefined && { topk_prompt_logprobs }) }),
    computeLogprobs: async () => [],
    getInfo: async () => ({ base_model: 'teacher', is_lora: false, lora_rank: null, max_context_length: 64 }),
    close: async () => undefined,
  };
}

const datumOf = (tokens: number[], weights: number[]) =>
  datumFromModelInputWeights(modelInputFromTokens(tokens), [0, ...weights], { reduction: 'none' });

describe('targets of a teacher', () => {
  it('are its likeliest tokens, renormalised over K and times the weight, as the Python cookbook has them', async () => {
    // Vector off_policy_topk_targets-1 of the Python cookbook: the last position has a token less than K.
    const datum = datumOf([11, 28, 86, 65, 42, 14, 36], [0, 0, 0, 1, 1, 1]);
    const client = teacherSaying([
      null,
      [
        [31, -0.1407],
        [75, -0.3479],
        [64, -0.5293],
      ],
      [
        [3, -0.4437],
        [38, -0.4579],
        [78, -2.4315],
      ],
      [
        [39, -0.43],
        [72, -0.6105],
        [21, -0.8316],
      ],
      [
        [12, -0.446],
        [46, -0.6689],
        [71, -1.341],
      ],
      [
        [89, -1.1341],
        [53, -1.2906],
        [80, -2.3161],
      ],
      [
        [27, -0.4689],
        [17, -0.5518],
      ],
    ]);
    const targets = await teacherTargets(client, datum, { K: 3 });
    const { target_tokens, weights } = crossEntropyTargets(datum, targets, 3).loss_fn_inputs;
    expect(target_tokens?.shape).toEqual([6, 3]);
    expect(target_tokens?.data.slice(9)).toEqual([12, 46, 71, 89, 53, 80, 27, 17, 27]);
    const wanted = [0.452734, 0.362275, 0.184991, 0.462578, 0.395565, 0.141856, 0.520713, 0.479287, 0];
    expect(weights?.data.slice(0, 9)).toEqual(new Float32Array(9));
    for (const [i, value] of wanted.entries()) expect(weights?.data[9 + i]).toBeCloseTo(value, 5);
  });

  it('count by the weights of the data', async () => {
    // The third position of off_policy_topk_targets-5.
    const datum = datumOf([24, 30, 98, 85], [0, 0, 0.25]);
    const client = teacherSaying([
      null,
      [[13, -1]],
      [[59, -1]],
      [
        [13, -0.9387],
        [72, -1.5215],
        [31, -1.7804],
      ],
    ]);
    const targets = await teacherTargets(client, datum, { K: 3 });
    const { weights } = crossEntropyTargets(datum, targets, 3).loss_fn_inputs;
    for (const [k, p] of renormalized({ tokens: [0, 1, 2], logprobs: [-0.9387, -1.5215, -1.7804] }).entries()) {
      expect(weights?.data[6 + k]).toBeCloseTo(p / 4, 6);
    }
  });

  it('leave out what the teacher finds impossible', async () => {
    const client = teacherSaying([
      null,
      [
        [1, -0.5],
        [2, Number.NEGATIVE_INFINITY],
      ],
    ]);
    expect(await teacherTargets(client, datumOf([3, 1], [1]), { K: 2 })).toEqual([{ tokens: [1], logprobs: [-0.5] }]);
  });

  it.each([
    [undefined, 'gave no topk_prompt_logprobs'],
    [[null, null], 'no likely tokens at position 1'],
    [[null], 'no likely tokens at position 1'],
    [[null, [] as [number, number][]], 'no likely tokens at position 1'],
  ])('a teacher that says %j is refused', async (said, message) => {
    await expect(teacherTargets(teacherSaying(said), datumOf([3, 1], [1]), { K: 2 })).rejects.toThrow(message);
  });
});

/** Log-probs of K of more tokens. */
const logprobs = fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 4, maxLength: 4 }).map((logits) => {
  const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  return logits.map((logit) => logit - total);
});

describe('divergences', () => {
  const half = [Math.log(0.5), Math.log(0.25)];
  const other = [Math.log(0.25), Math.log(0.25)];

  it('beta 0 is KL(teacher ‖ student), with the rest of the vocabulary as one outcome', () => {
    const { value } = generalizedJsd(other, half, { beta: 0 });
    expect(value).toBeCloseTo(0.5 * Math.log(2) + 0.25 * Math.log(1) + 0.25 * Math.log(0.25 / 0.5), 12);
  });

  it('beta 1 is KL(student ‖ teacher)', () => {
    const { value } = generalizedJsd(other, half, { beta: 1 });
    expect(value).toBeCloseTo(0.25 * Math.log(0.5) + 0.25 * Math.log(1) + 0.5 * Math.log(0.5 / 0.25), 12);
  });

  it('between them it is that of Jensen and Shannon, with the teacher by beta', () => {
    const beta = 0.3;
    const [q, p] = [
      [0.25, 0.25, 0.5],
      [0.5, 0.25, 0.25],
    ];
    const m = p.map((value, k) => beta * value + (1 - beta) * (q[k] ?? 0));
    const kl = (a: number[]) => a.reduce((sum, value, k) => sum + value * Math.log(value / (m[k] ?? 0)), 0);
    expect(generalizedJsd(other, half, { beta }).value).toBeCloseTo(beta * kl(p) + (1 - beta) * kl(q), 12);
  });

  it('reverse KL is over the tokens alone', () => {
    const { value } = reverseKl(half, other);
    expect(value).toBeCloseTo((2 / 3) * Math.log(4 / 3) + (1 / 3) * Math.log(2 / 3), 12);
  });

  it.each([0, 0.3, 0.5, 1])('its slopes are its derivatives, beta %d', (beta) => {
    fc.assert(
      fc.property(logprobs, logprobs, (student, teacher) => {
        for (const diverge of [
          (s: number[]) => generalizedJsd(s.slice(0, 3), teacher.slice(0, 3), { beta }),
          (s: number[]) => reverseKl(s, teacher),
        ]) {
          const { slopes_K } = diverge(student);
          for (const [k, slope] of slopes_K.entries()) {
            const moved = (by: number) => diverge(student.map((value, j) => (j === k ? value + by : value))).value;
            // Where hardly anything is left for the rest, slopes change faster than differences can tell.
            if (student.slice(0, 3).reduce((sum, value) => sum + Math.exp(value), 0) > 0.99) continue;
            expect((moved(1e-5) - moved(-1e-5)) / 2e-5).toBeCloseTo(slope, 4);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('are 0 between equals and more than that between others', () => {
    fc.assert(
      fc.property(logprobs, logprobs, fc.constantFrom(0, 0.5, 1), (student, teacher, beta) => {
        expect(generalizedJsd(student, student, { beta }).value).toBeCloseTo(0, 9);
        expect(generalizedJsd(student, teacher, { beta }).value).toBeGreaterThan(-1e-9);
      }),
    );
  });
});
