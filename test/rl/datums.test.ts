import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTrainable, trajectoryToData } from '../../src/rl/datums.ts';
import type { Transition } from '../../src/rl/types.ts';
import { type ImageChunk, lengthOf, type ModelInput, modelInputFromTokens, tokensOf } from '../../src/tinker/types.ts';

const tokens = fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 6 });

function turn(ob: ModelInput, ac: number[]): Transition {
  const logprobs = ac.map((token) => -token / 10);
  return {
    ob,
    ac: { tokens: ac, logprobs, stop_reason: 'stop' },
    reward: 0,
    episode_done: false,
    metrics: {},
    logs: {},
  };
}

describe('turns that only append', () => {
  it('become one datum, in which every sampled token is a target with its log-prob and the advantage', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(tokens, tokens), { minLength: 1, maxLength: 5 }), (turns) => {
        let seen: number[] = [];
        const transitions = turns.map(([observed, acted]) => {
          const ob = [...seen, ...observed];
          seen = [...ob, ...acted];
          return turn(modelInputFromTokens(ob), acted);
        });
        const [datum, ...others] = trajectoryToData({ transitions }, 2);
        expect(others).toEqual([]);
        const { target_tokens, logprobs, advantages, mask } = datum.loss_fn_inputs;
        expect([...tokensOf(datum.model_input), target_tokens.data.at(-1)]).toEqual(seen);
        const sampled = target_tokens.data.filter((_, t) => mask.data[t] === 1);
        expect([...sampled]).toEqual(turns.flatMap(([, acted]) => acted));
        expect([...advantages.data]).toEqual([...mask.data].map((counts) => 2 * counts));
        for (const [t, counts] of mask.data.entries()) {
          expect(logprobs.data[t]).toBeCloseTo(counts * (-target_tokens.data[t] / 10), 5);
        }
      }),
    );
  });
});

describe('a turn that rewrites what was said', () => {
  it('begins another datum', () => {
    const transitions = [turn(modelInputFromTokens([1, 2]), [3]), turn(modelInputFromTokens([1, 4]), [5])];
    expect(trajectoryToData({ transitions }, 1).map(({ model_input }) => tokensOf(model_input))).toEqual([
      [1, 2],
      [1, 4],
    ]);
  });
});

describe('pictures', () => {
  const picture = (byte: number): ImageChunk => ({
    type: 'image',
    data: Uint8Array.of(byte),
    format: 'png',
    expected_tokens: 3,
  });
  const seeing = (image: ImageChunk, ...rest: number[]): ModelInput => ({
    chunks: [{ type: 'encoded_text', tokens: [1] }, image, { type: 'encoded_text', tokens: rest }],
  });

  it('are read and never predicted, and the same picture goes on with the sequence', () => {
    const transitions = [turn(seeing(picture(7), 2), [3]), turn(seeing(picture(7), 2, 3, 4), [5])];
    const [datum, ...others] = trajectoryToData({ transitions }, 1);
    expect(others).toEqual([]);
    expect(datum.model_input).toEqual(seeing(picture(7), 2, 3, 4));
    expect(lengthOf(datum.model_input)).toBe(datum.loss_fn_inputs.mask.data.length);
    expect([...datum.loss_fn_inputs.target_tokens.data]).toEqual([0, 0, 0, 2, 3, 4, 5]);
    expect([...datum.loss_fn_inputs.mask.data]).toEqual([0, 0, 0, 0, 1, 0, 1]);
  });

  it('that differ begin another datum', () => {
    const transitions = [turn(seeing(picture(7), 2), [3]), turn(seeing(picture(8), 2, 3, 4), [5])];
    expect(trajectoryToData({ transitions }, 1)).toHaveLength(2);
  });
});

describe('nothing to train on', () => {
  it('is no datum', () => {
    expect(trajectoryToData({ transitions: [] }, 1)).toEqual([]);
    expect(trajectoryToData({ transitions: [turn(modelInputFromTokens([]), [])] }, 1)).toEqual([]);
    expect(trajectoryToData({ transitions: [turn(modelInputFromTokens([]), [4])] }, 1)).toEqual([]);
  });

  it('is seen in a datum whose turns do not count', () => {
    const masked = { ...turn(modelInputFromTokens([1]), [2]), metrics: { parse_error_masked: 1 } };
    const [datum] = trajectoryToData({ transitions: [masked] }, 1);
    expect(isTrainable(datum)).toBe(false);
  });
});
