// How often tokens are drawn, against the probabilities that transformers draws by.

import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { SamplingClient } from '../../src/tinker/clients.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { RANDOM_MODEL_VOCABULARY, writeRandomModel } from '../support/random_model.ts';
import { chiSquared } from './chi_squared.ts';
import { randomTokens } from './data.ts';
import { test } from './fixtures.ts';
import { MODELS } from './models.ts';
import type { Drawing, Reference } from './reference.ts';

/** Attention with and without norms on queries and keys; the others differ from these in what sampling does not touch. */
const FAMILIES = ['llama', 'qwen3, wide heads, untied'];

const PROMPTS = [5, 1, 23, 12].map((length, seed) => randomTokens(length, seed));
/** Of two tokens after each prompt: 40,000 draws. */
const SAMPLES = 5000;
/** The seeds are fixed, so that a test which passes once passes always. */
const LEAST_P = 1e-3;

const DRAWINGS: Drawing[] = [
  { temperature: 1 },
  { temperature: 0.7 },
  { temperature: 1, top_k: 8 },
  { temperature: 1, top_p: 0.8 },
  { temperature: 0.7, top_k: 20, top_p: 0.9 },
];

/** How often each token was drawn after a sequence of tokens. */
interface Drawn {
  sequence: number[];
  counts: number[];
}

/** Counts of the first token after each prompt, and of the second after each prompt and first token. */
async function draw(client: SamplingClient, drawing: Drawing): Promise<{ first: Drawn[]; second: Drawn[] }> {
  const first = new Map<string, Drawn>();
  const second = new Map<string, Drawn>();
  for (const [p, prompt] of PROMPTS.entries()) {
    const params = { ...drawing, max_tokens: 2, seed: 1000 + p };
    const { sequences } = await client.sample(modelInputFromTokens(prompt), SAMPLES, params);
    for (const { tokens } of sequences) {
      count(first, prompt, tokens[0]);
      count(second, [...prompt, tokens[0]], tokens[1]);
    }
  }
  return { first: [...first.values()], second: [...second.values()] };
}

function count(drawn: Map<string, Drawn>, sequence: number[], token: number): void {
  const key = sequence.join();
  const known = drawn.get(key) ?? { sequence, counts: new Array<number>(RANDOM_MODEL_VOCABULARY).fill(0) };
  drawn.set(key, known);
  known.counts[token] += 1;
}

/** The probability that counts this far from the distributions come of drawing from them. */
async function pValue(reference: Reference, drawn: readonly Drawn[], distributions: readonly number[][]) {
  const test = chiSquared(drawn.map(({ counts }, d) => ({ counts, probabilities: distributions[d] })));
  const [p] = await reference.chiSquaredP([test]);
  return p;
}

/** How often each token would be drawn, over all sequences, if chance were even. */
function expectedCounts(drawn: readonly Drawn[], distributions: readonly number[][]): number[] {
  return drawn.flatMap(({ counts }, d) => {
    const draws = counts.reduce((sum, count) => sum + count, 0);
    return distributions[d].map((probability) => draws * probability);
  });
}

describe.for(MODELS.filter(({ name }) => FAMILIES.includes(name)))('$name', ({ fields }) => {
  test.for(DRAWINGS)(
    'tokens are as frequent as they are probable: %j',
    async (drawing, { directory, service, reference, expectAgreement }) => {
      const model = await writeRandomModel(join(directory, 'model'), fields);
      const groups = await draw(await service.createSamplingClient({ base_model: model }), drawing);
      for (const [name, drawn] of Object.entries(groups)) {
        const sequences = drawn.map(({ sequence }) => sequence);
        const distributions = await reference.nextToken({ model, sequences, ...drawing });
        expect(await pValue(reference, drawn, distributions), `${name} tokens`).toBeGreaterThan(LEAST_P);
        const actual = drawn.flatMap(({ counts }) => counts);
        expectAgreement('frequencies of sampled tokens', 0.2, actual, expectedCounts(drawn, distributions));

        // What the test is worth: the same counts do not pass for those of a slightly warmer model.
        const warmer = { ...drawing, temperature: 1.25 * drawing.temperature };
        const others = await reference.nextToken({ model, sequences, ...warmer });
        expect(await pValue(reference, drawn, others), `${name} tokens, warmer`).toBeLessThan(LEAST_P);
      }
    },
  );

  test('the second token depends on the prompt, which only the cache still has', async ({
    directory,
    service,
    reference,
  }) => {
    const model = await writeRandomModel(join(directory, 'model'), fields);
    const drawing = { temperature: 1 };
    const { second } = await draw(await service.createSamplingClient({ base_model: model }), drawing);
    const forgetful = second.map(({ sequence }) => sequence.slice(-1));
    const distributions = await reference.nextToken({ model, sequences: forgetful, ...drawing });
    expect(await pValue(reference, second, distributions)).toBeLessThan(LEAST_P);
  });
});
