// Steps of a chain of thought, the numbers that are put in, and the score of four confidences.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { summaryOf, thinkingScore } from '../../src/thinking_score/scores.ts';
import { isSelfVerification, perturbed, splitSteps } from '../../src/thinking_score/steps.ts';
import { randomFor } from '../../src/util/random.ts';

describe('steps', () => {
  it('begin at lists, headings, cues and behind empty lines', () => {
    const text = 'We add.\nand go on\n1. 3 + 4 = 7\nthat is it\n## Then\nSo 7 + 5 = 12.\nWait, check.\n\nthe end of it';
    expect(splitSteps(text, 1)).toEqual([
      'We add.\nand go on\n',
      '1. 3 + 4 = 7\nthat is it\n',
      '## Then\n',
      'So 7 + 5 = 12.\n',
      'Wait, check.\n\n',
      'the end of it',
    ]);
    expect(splitSteps(text, 12)).toHaveLength(5);
  });

  it('make up the text, however short they may be', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('So a', '1. b', '', ' ', 'c', '\n', 'Wait', '🙂')),
        fc.nat(30),
        (lines, fewest) => {
          const text = lines.join('\n');
          const joined = splitSteps(text, fewest).join('');
          expect(text.startsWith(joined)).toBe(true);
          expect(text.slice(joined.length).trim()).toBe('');
        },
      ),
    );
  });

  it('are read in no time, whatever they are', () => {
    expect(splitSteps('So\n'.repeat(20_000), 20).length).toBeGreaterThan(0);
    expect(isSelfVerification('Let me double-check that.')).toBe(true);
    expect(isSelfVerification('So it is 7.')).toBe(false);
  });
});

describe('other numbers', () => {
  it('differ by one to three, each of them, and leave the rest', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(1_000_000), fc.nat(1_000_000), (seed, a, b) => {
        const changed = perturbed(`2. x${a} + ${b}.50 ok`, randomFor(seed, 'test'));
        const [, c, d] = /^2\. x(\d+) \+ (\d+)\.50 ok$/.exec(changed ?? '') ?? [];
        for (const [was, is] of [
          [a, c],
          [b, d],
        ]) {
          const by = Math.abs(Number(is) - Number(was));
          expect(by).toBeGreaterThanOrEqual(1);
          expect(by).toBeLessThanOrEqual(3);
        }
      }),
    );
  });

  it('are none where there are none', () => {
    expect(perturbed('Also, birds sing.', randomFor(0, 'test'))).toBeNull();
  });
});

describe('the score', () => {
  it('is how far the answer moves with the step, in both contexts', () => {
    const confidences = {
      step_context: 1,
      changed_step_context: 0.2,
      step_changed_context: 0.1,
      changed_step_changed_context: 0.5,
    };
    expect(thinkingScore(confidences)).toBeCloseTo(0.6, 12);
  });

  it('is summed up by shares', () => {
    const steps = [0.9, 0.3, 0.005, 0].map((tts, i) => ({ text: '', tts, self_verification: i === 0 }));
    expect(summaryOf(steps)).toEqual({
      num_steps: 4,
      mean_tts: expect.closeTo(0.30125, 12),
      at_least_0_7: 0.25,
      at_least_0_3: 0.5,
      decorative: 0.5,
      self_verification: 0.25,
    });
    expect(summaryOf([]).mean_tts).toBe(0);
  });
});
