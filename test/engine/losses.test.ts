import { expect, it } from 'vitest';
import { Graph } from '../../src/engine/graph.ts';
import {
  configureLoss,
  lossOfToken,
  lossSlope,
  TOKEN_LOSSES,
  type TokenLossFn,
  type TokenTerms,
} from '../../src/engine/losses.ts';
import { createSession, flag, floats, scalar } from '../../src/engine/session.ts';
import type { LossFnConfig } from '../../src/tinker/types.ts';

/** Log-prob, weight, q and advantage of tokens on both sides of every threshold, with both signs of the advantage. */
const TOKENS = [-0.1, -0.9, -1.6, -2.5].flatMap((logprob) =>
  [-0.2, -1, -2].flatMap((q) => [1.5, -0.7].map((advantage) => ({ logprob, q, advantage, weight: advantage }))),
);

/** What the graph gives as the slopes of tokens. */
async function slopesOf(fn: TokenLossFn, tokens: readonly TokenTerms[], config?: LossFnConfig): Promise<Float32Array> {
  const g = new Graph();
  const row = (name: string) => g.input(name, 'float32');
  const number = (name: string) => g.input(name, 'float32');
  const choice = (name: string) => g.input(name, 'bool');
  const slope = lossSlope(g, row('logprobs'), {
    weights: row('weights'),
    advantages: row('advantages'),
    q: row('q'),
    low: number('low'),
    high: number('high'),
    pull: number('pull'),
    chosen: {
      cross_entropy: choice('cross_entropy'),
      importance_sampling: choice('importance_sampling'),
      ppo: choice('ppo'),
      cispo: choice('cispo'),
      dro: choice('dro'),
      stable_reinforce: choice('stable_reinforce'),
    },
  });
  g.output('slope', slope);
  const session = await createSession(g.encode(), { directory: '', threads: 1 });
  const loss = configureLoss(fn, config);
  const column = (of: (token: TokenTerms) => number) => floats(Float32Array.from(tokens, of), [tokens.length, 1]);
  const outputs = await session.run({
    logprobs: column(({ logprob }) => logprob),
    weights: column(({ weight }) => weight),
    advantages: column(({ advantage }) => advantage),
    q: column(({ q }) => q),
    low: scalar(loss.low),
    high: scalar(loss.high),
    pull: scalar(loss.pull),
    ...Object.fromEntries(TOKEN_LOSSES.map((name) => [name, flag(name === fn)])),
  });
  await session.release();
  return outputs.slope.data;
}

const CONFIGURED: [TokenLossFn, LossFnConfig][] = [
  ...TOKEN_LOSSES.map((fn): [TokenLossFn, LossFnConfig] => [fn, {}]),
  ['stable_reinforce', { kl_coeff: 0.3 }],
  ['stable_reinforce', { kl_coeff: 0.3, clip_high_threshold: 0.8 }],
];

it.each(CONFIGURED)('the slope of %s in the graph is the derivative of its value: %j', async (fn, config) => {
  const loss = configureLoss(fn, config);
  const isHeld = fn === 'cispo' || fn === 'stable_reinforce';
  const slopes = await slopesOf(fn, TOKENS, config);
  for (const [i, token] of TOKENS.entries()) {
    const ratio = Math.min(Math.max(Math.exp(token.logprob - token.q), loss.low), loss.high);
    const at = (logprob: number) => {
      const value = lossOfToken(loss, { ...token, logprob });
      if (!isHeld) return value;
      // These hold the bounded ratio constant where the value is taken: what the moved one adds is taken back.
      const moved = Math.min(Math.max(Math.exp(logprob - token.q), loss.low), loss.high);
      return value + (moved - ratio) * logprob * token.advantage;
    };
    const numeric = (at(token.logprob + 1e-6) - at(token.logprob - 1e-6)) / 2e-6;
    expect(slopes[i], JSON.stringify(token)).toBeCloseTo(numeric, 4);
  }
});

it('stable_reinforce has the slope of importance_sampling up to its bound, and beyond it that of the bound', async () => {
  const [held, exact] = [await slopesOf('stable_reinforce', TOKENS), await slopesOf('importance_sampling', TOKENS)];
  const ratios = TOKENS.map(({ logprob, q }) => Math.exp(logprob - q));
  for (const [i, ratio] of ratios.entries()) {
    if (ratio <= 2) expect(held[i]).toBe(exact[i]);
    else expect(held[i]).toBeCloseTo(-2 * TOKENS[i].advantage, 6);
  }
  expect(ratios.some((ratio) => ratio > 2)).toBe(true);
});

it.each(TOKEN_LOSSES)(
  '%s leaves a prompt alone: a token without weight and advantage, whose q is not known',
  async (fn) => {
    const prompt = TOKENS.map((token) => ({ ...token, q: 0, advantage: 0, weight: 0 }));
    for (const slope of await slopesOf(fn, prompt)) expect(slope + 0).toBe(0);
  },
);

it('computes each loss as its definition says', () => {
  const token = { logprob: -1, q: -1.5, advantage: 2, weight: 0.5 };
  const r = Math.exp(0.5);
  expect(lossOfToken(configureLoss('cross_entropy'), token)).toBeCloseTo(0.5);
  expect(lossOfToken(configureLoss('importance_sampling'), token)).toBeCloseTo(-2 * r);
  expect(lossOfToken(configureLoss('ppo'), token)).toBeCloseTo(-2 * 1.2);
  expect(lossOfToken(configureLoss('ppo'), { ...token, advantage: -2 })).toBeCloseTo(2 * r);
  expect(lossOfToken(configureLoss('cispo'), token)).toBeCloseTo(2 * r);
  expect(lossOfToken(configureLoss('dro'), token)).toBeCloseTo(-(-2 - 0.5 * 0.05 * 0.25));
  expect(lossOfToken(configureLoss('stable_reinforce'), token)).toBeCloseTo(2 * r);
  expect(lossOfToken(configureLoss('stable_reinforce'), { ...token, q: -3 })).toBeCloseTo(2 * 2);
  const pulled = configureLoss('stable_reinforce', { kl_coeff: 0.4, clip_high_threshold: 1.5 });
  expect(lossOfToken(pulled, token)).toBeCloseTo(2 * 1.5 + 0.4 * 0.5 * 0.25);
});

it('refuses settings that a loss does not have, and thresholds the wrong way round', () => {
  expect(() => configureLoss('ppo', { constructor: 1 })).toThrow('loss ppo has no setting "constructor"');
  expect(() => configureLoss('ppo', { beta: 1 })).toThrowErrorMatchingInlineSnapshot(
    `[RequestError: loss ppo has no setting "beta"; it has clip_low_threshold, clip_high_threshold]`,
  );
  expect(() => configureLoss('ppo', { clip_low_threshold: 2 })).toThrowErrorMatchingInlineSnapshot(
    `[RequestError: loss ppo: clip_low_threshold 2 is above clip_high_threshold 1.2]`,
  );
  expect(() => configureLoss('dro', { beta: Number.NaN })).toThrowErrorMatchingInlineSnapshot(
    `[RequestError: loss dro: beta must be a finite number, not NaN]`,
  );
});

it('refuses a bound that no ratio is within, and a pull away', () => {
  expect(() => configureLoss('stable_reinforce', { clip_high_threshold: 0 })).toThrowErrorMatchingInlineSnapshot(
    `[RequestError: loss stable_reinforce: clip_high_threshold must be a finite number > 0, not 0]`,
  );
  expect(() => configureLoss('stable_reinforce', { kl_coeff: -1 })).toThrowErrorMatchingInlineSnapshot(
    `[RequestError: loss stable_reinforce: kl_coeff must be a finite number ≥ 0, not -1]`,
  );
});
