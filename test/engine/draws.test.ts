import { expect, it } from 'vitest';
import { drawFeed, drawn, drawTokens } from '../../src/engine/draws.ts';
import { Graph } from '../../src/engine/graph.ts';
import { asFloats } from '../../src/engine/ranking.ts';
import { createSession, floats } from '../../src/engine/session.ts';

async function drawer(V: number) {
  const g = new Graph();
  const inputs = {
    inverseTemperature: g.input('inverse_temperature', 'float32'),
    blocks: g.input('draw_blocks', 'float32'),
    within: g.input('draw_within', 'float32'),
  };
  g.output('tokens', asFloats(g, drawTokens(g, g.input('logits', 'float32'), V, inputs)));
  const session = await createSession(g.encode(), { directory: '', threads: 1 });
  return async (probabilities: readonly number[][], u: readonly [block: number, within: number][]) => {
    const rows = probabilities.length;
    const feed = (which: 0 | 1) => drawFeed(rows, u.length, (_, i) => drawn(u[i][which]));
    const { tokens } = await session.run({
      logits: floats(Float32Array.from(probabilities.flat(), Math.log), [rows, V]),
      inverse_temperature: floats(new Float32Array(rows).fill(1), [rows, 1]),
      draw_blocks: feed(0),
      draw_within: feed(1),
    });
    return { tokens: Array.from(tokens.data), dims: tokens.dims };
  };
}

it('a draw falls on the token in whose share of its block, and of the whole, its numbers lie', async () => {
  const draw = await drawer(5); // two blocks of three tokens, the last of which is none
  const row = [0.1, 0.3, 0.1, 0.25, 0.25];
  const at = [
    [0, 0],
    [0.49, 0.19],
    [0.49, 0.21],
    [0.49, 0.79],
    [0.49, 0.81],
    [0.51, 0.49],
    [0.99, 0.51],
  ] as const;
  expect(
    await draw(
      [row],
      at.map(([block, within]) => [block, within]),
    ),
  ).toEqual({ tokens: [0, 0, 1, 1, 2, 3, 4], dims: [1, 7] });
});

it('no token of probability 0 is drawn, at either end of the numbers', async () => {
  const draw = await drawer(7);
  const ends = [0, 1 - 2 ** -53].flatMap((a) => [0, 1 - 2 ** -53].map((b): [number, number] => [a, b]));
  for (let only = 0; only < 7; only++) {
    const row = Array.from({ length: 7 }, (_, token) => (token === only ? 1 : 0));
    expect((await draw([row, row], ends)).tokens).toEqual(new Array(8).fill(only));
  }
});

it('of no rows there are no draws: the last chunks of a pass may be empty', async () => {
  expect(await (await drawer(5))([], [[0.5, 0.5]])).toEqual({ tokens: [], dims: [0, 1] });
});
