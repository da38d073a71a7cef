// Examples in colour.

import { expect, test } from 'vitest';
import { colorizeExample } from '../../src/supervised/colorize.ts';
import { datumFromModelInputWeights } from '../../src/supervised/common.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

test('trained text is green, untrained yellow, pushed away from red', async () => {
  const tokenizer = await tinyTokenizer();
  const tokens = tokenizer.encode('hello worldéx');
  const datum = datumFromModelInputWeights(modelInputFromTokens(tokens), [1, 0, 0.5, 0.25, -1], { reduction: 'none' });
  const named = colorizeExample(datum, tokenizer)
    .replaceAll('\u001b[32m', '<green>')
    .replaceAll('\u001b[33m', '<yellow>')
    .replaceAll('\u001b[31m', '<red>')
    .replaceAll('\u001b[39m', '');
  expect(named).toBe('<yellow>hello world<green>é<red>x');
});
