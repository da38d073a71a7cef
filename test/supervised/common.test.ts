// Datums and the figures that are computed of their log-probs.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { computeBpb, computeMeanNll, datumFromModelInputWeights } from '../../src/supervised/common.ts';
import { modelInputFromTokens, tokensOf } from '../../src/tinker/types.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

describe('a datum', () => {
  const make = (tokens: number[], weights: number[], options: Parameters<typeof datumFromModelInputWeights>[2]) => {
    const datum = datumFromModelInputWeights(modelInputFromTokens(tokens), weights, options);
    const { target_tokens, weights: shifted } = datum.loss_fn_inputs;
    return { inputs: tokensOf(datum.model_input), targets: [...target_tokens.data], weights: [...shifted.data] };
  };

  test("predicts each token from those before it, with that token's weight", () => {
    expect(make([5, 6, 7, 8], [1, 0, 1, 1], { reduction: 'none' })).toEqual({
      inputs: [5, 6, 7],
      targets: [6, 7, 8],
      weights: [0, 1, 1],
    });
  });

  test('weighs 1 in all under mean, unless nothing has weight', () => {
    expect(make([5, 6, 7, 8], [1, 0, 1, 1], { reduction: 'mean' }).weights).toEqual([0, 0.5, 0.5]);
    expect(make([5, 6, 7], [1, 0, 0], { reduction: 'mean' }).weights).toEqual([0, 0]);
  });

  test('is cut from the right before it is weighed', () => {
    expect(make([5, 6, 7, 8], [0, 1, 1, 1], { reduction: 'mean', maxLength: 3 })).toEqual({
      inputs: [5, 6],
      targets: [6, 7],
      weights: [0.5, 0.5],
    });
  });

  test('at exactly its length is whole', () => {
    expect(make([5, 6, 7], [0, 1, 1], { reduction: 'none', maxLength: 3 }).targets).toEqual([6, 7]);
    expect(make([5, 6, 7], [0, 1, 1], { reduction: 'none', maxLength: 4 }).targets).toEqual([6, 7]);
  });

  test.each([
    [[5], [1], null, 'an example needs 2 tokens, one to read and one to predict; it has 1'],
    [[], [], null, 'an example needs 2 tokens, one to read and one to predict; it has 0'],
    [[5, 6], [1, 1], 1, 'an example needs 2 tokens, one to read and one to predict; it has 1'],
    [[5, 6], [1], null, 'an example of 2 tokens cannot have 1 weights'],
  ])('of tokens %j, weights %j and length %j is refused', (tokens, weights, maxLength, message) => {
    expect(() => make(tokens, weights, { reduction: 'none', maxLength })).toThrow(message);
  });

  test('has its dtypes and shapes', () => {
    const { loss_fn_inputs } = datumFromModelInputWeights(modelInputFromTokens([5, 6, 7]), [0, 1, 1], {
      reduction: 'none',
    });
    expect(loss_fn_inputs.target_tokens).toMatchObject({ dtype: 'int64', shape: [2] });
    expect(loss_fn_inputs.weights).toMatchObject({ dtype: 'float32', shape: [2] });
  });

  test('loses nothing but what is cut off', () => {
    const example = fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: 0, max: 1 })), { minLength: 2 });
    fc.assert(
      fc.property(example, fc.integer({ min: 2, max: 100 }), (pairs, maxLength) => {
        const tokens = pairs.map(([token]) => token);
        const weights = pairs.map(([, weight]) => weight);
        const made = make(tokens, weights, { reduction: 'none', maxLength });
        const [first, ...rest] = tokens.slice(0, maxLength);
        expect(made.inputs).toEqual([first, ...rest].slice(0, -1));
        expect(made.targets).toEqual(rest);
        expect(made.weights).toEqual(weights.slice(1, maxLength));
      }),
    );
  });
});

describe('mean loss', () => {
  test('is weighted', () => {
    expect(computeMeanNll([[-1, -2], [-4]], [[1, 0], [3]])).toBe(13 / 4);
  });

  test('does not look where there is no weight', () => {
    expect(computeMeanNll([[Number.NaN, -2]], [[0, 1]])).toBe(2);
  });

  test('of nothing is not a number', () => {
    expect(computeMeanNll([[-1]], [[0]])).toBeNaN();
  });
});

describe('bits per byte', () => {
  test('counts the bytes of trained text, special tokens and the rest aside', async () => {
    const tokenizer = await tinyTokenizer();
    const targets = tokenizer.encode('hello world<|im_end|>é');
    expect(targets).toHaveLength(5);
    // "hello" is not trained; " world" is 6 bytes; the end is special; "é" is 2 bytes in 2 tokens.
    const logprobs = [Number.NaN, -3, -50, -1, -1];
    const bpb = computeBpb([logprobs], [[0, 1, 1, 1, 1]], [targets], tokenizer);
    expect(bpb).toBeCloseTo(5 / (Math.LN2 * 8), 12);
  });

  test('is that of all examples together', async () => {
    const tokenizer = await tinyTokenizer();
    const [a, b] = [tokenizer.encode('ab'), tokenizer.encode('c')];
    expect(computeBpb([[-1, -1], [-4]], [[1, 1], [1]], [a, b], tokenizer)).toBeCloseTo(6 / (Math.LN2 * 3), 12);
  });

  test('of no text is not a number', async () => {
    const tokenizer = await tinyTokenizer();
    expect(computeBpb([[-1]], [[1]], [tokenizer.encode('<|im_end|>')], tokenizer)).toBeNaN();
  });
});
