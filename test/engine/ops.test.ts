import { describe, expect, it } from 'vitest';
import { causalAttention } from '../../src/engine/attention.ts';
import { attentionFeeds, attentionIndex } from '../../src/engine/attention_index.ts';
import { Graph } from '../../src/engine/graph.ts';
import { layOut } from '../../src/engine/layout.ts';
import { targetLogprobs } from '../../src/engine/logprobs.ts';
import { adaptedLinear } from '../../src/engine/lora.ts';
import {
  add,
  batchedMatmul,
  gatherRows,
  linear,
  mul,
  reshape,
  rmsNorm,
  rotary,
  scale,
  softmax,
  swiglu,
  transpose,
} from '../../src/engine/ops.ts';
import { createSession, floats, integers } from '../../src/engine/session.ts';
import { parseModelConfig } from '../../src/formats/hf_config.ts';
import { expectTrueGradient } from './gradient_check.ts';

const wave = (size: number, scale: number) => Float32Array.from({ length: size }, (_, i) => scale * Math.sin(3 * i));

describe('the gradient of every operator is that of its forward pass', () => {
  it('add, also of a tensor to itself', async () => {
    const x = { dims: [2, 3] };
    await expectTrueGradient({ inputs: { x, y: x }, build: (g, { x, y }) => add(g, add(g, x, y), x) });
  });

  it('mul', async () => {
    const x = { dims: [2, 3] };
    await expectTrueGradient({ inputs: { x, y: x }, build: (g, { x, y }) => mul(g, mul(g, x, y), x) });
  });

  it('scale', async () => {
    await expectTrueGradient({ inputs: { x: { dims: [2, 3] } }, build: (g, { x }) => scale(g, x, g.scalar(-1.5)) });
  });

  it('linear', async () => {
    const inputs = { x: { dims: [4, 3] }, W: { dims: [5, 3] } };
    await expectTrueGradient({ inputs, build: (g, { x, W }) => linear(g, x, W) });
  });

  it('linear with a bias', async () => {
    const inputs = { x: { dims: [4, 3] }, W: { dims: [5, 3] }, b: { dims: [5] } };
    await expectTrueGradient({ inputs, build: (g, { x, W, b }) => linear(g, x, W, b) });
  });

  it('linear layers whose gradients meet in one input', async () => {
    const inputs = { x: { dims: [4, 3] }, W: { dims: [3, 3] }, U: { dims: [3, 3] } };
    await expectTrueGradient({
      inputs,
      build: (g, { x, W, U }) => add(g, add(g, x, linear(g, x, W)), linear(g, x, U)),
    });
  });

  it('swiglu', async () => {
    await expectTrueGradient({
      inputs: { x: { dims: [3, 4] }, u: { dims: [3, 4] } },
      build: (g, { x, u }) => swiglu(g, scale(g, x, g.scalar(4)), u),
    });
  });

  it('rmsNorm over rows, and over heads of a row', async () => {
    const w = { dims: [4] };
    await expectTrueGradient({ inputs: { x: { dims: [3, 4] }, w }, build: (g, { x, w }) => rmsNorm(g, x, w, 1e-5) });
    const heads = { x: { dims: [3, 2, 4] } };
    await expectTrueGradient({ inputs: { ...heads, w }, build: (g, { x, w }) => rmsNorm(g, x, w, 1e-5) });
  });

  it('softmax', async () => {
    await expectTrueGradient({
      inputs: { x: { dims: [3, 5] } },
      build: (g, { x }) => softmax(g, scale(g, x, g.scalar(3))),
    });
  });

  it.each([
    { transB: false, b: [2, 2, 4, 5] },
    { transB: true, b: [2, 2, 5, 4] },
  ])('batchedMatmul with transB $transB', async ({ transB, b }) => {
    const inputs = { a: { dims: [2, 2, 3, 4] }, b: { dims: b } };
    await expectTrueGradient({ inputs, build: (g, { a, b }) => batchedMatmul(g, a, b, { transB, alpha: 0.7 }) });
  });

  it('transpose and reshape', async () => {
    await expectTrueGradient({
      inputs: { x: { dims: [2, 3, 4] } },
      build: (g, { x }) => reshape(g, mul(g, transpose(g, x, [2, 0, 1]), transpose(g, x, [2, 0, 1])), [0, -1]),
    });
  });

  it('gatherRows, with a row taken more than once', async () => {
    const constants = { rows: { type: 'int64' as const, dense: integers([2, 0, 2, 1], [4]) } };
    await expectTrueGradient({
      inputs: { E: { dims: [3, 4] } },
      constants,
      build: (g, { E, rows }) => gatherRows(g, E, rows),
    });
  });

  it('rotary', async () => {
    const angles = [0, 0, 0.3, 0.8, 1.1, -0.4];
    const table = (of: (angle: number) => number) => ({
      type: 'float32' as const,
      dense: floats(Float32Array.from(angles, of), [3, 2]),
    });
    const constants = {
      positions: { type: 'int64' as const, dense: integers([0, 2, 1], [3, 1]) },
      cos: table(Math.cos),
      sin: table(Math.sin),
      negativeSin: table((angle) => -Math.sin(angle)),
    };
    await expectTrueGradient({
      inputs: { x: { dims: [3, 8] } },
      constants,
      build: (g, { x, positions, cos, sin, negativeSin }) => rotary(g, x, { positions, cos, sin, negativeSin }),
    });
  });
});

describe('the gradient of what is built of them', () => {
  it.each([1, 2, 4])(
    'log-probs of several targets a row, some of them the same, in at most %i chunks',
    async (count) => {
      const constants = { targets: { type: 'int64' as const, dense: integers([1, 4, 2, 2, 0, 1], [3, 2]) } };
      await expectTrueGradient({
        inputs: { h: { dims: [3, 4] }, E: { dims: [5, 4] } },
        constants,
        build: (g, { h, E, targets }) =>
          targetLogprobs(g, { terms: [{ x: h, W: E }], targets, chunks: { count, rows: 1 } }).logprobs,
      });
    },
  );

  it.each([1, 2])('log-probs of an unembedding that has an adapter, in at most %i chunks', async (count) => {
    const constants = {
      targets: { type: 'int64' as const, dense: integers([1, 4, 2, 2, 0, 1], [3, 2]) },
      E: { type: 'float32' as const, dense: floats(wave(5 * 4, 2), [5, 4]) },
      s: { type: 'float32' as const, dense: floats(Float32Array.of(0.7), []) },
    };
    await expectTrueGradient({
      inputs: { h: { dims: [3, 4] }, A: { dims: [2, 4] }, B: { dims: [5, 2] } },
      constants,
      build: (g, { h, E, A, B, s, targets }) => {
        const terms = [
          { x: h, W: E },
          { x: scale(g, linear(g, h, A), s), W: B },
        ];
        return targetLogprobs(g, { terms, targets, chunks: { count, rows: 2 } }).logprobs;
      },
    });
  });

  it.each([
    { lengths: [3, 2], context: 0 },
    { lengths: [1], context: 0 },
    { lengths: [4, 1, 3], context: 0 },
    { lengths: [2, 9, 5, 9], context: 0 },
    { lengths: [3, 4], context: 2 },
    { lengths: [16, 7, 9, 7], context: 5 },
  ])(
    'grouped-query attention over sequences of $lengths tokens of which the first $context are shared',
    async ({ lengths, context }) => {
      const config = parseModelConfig(
        {
          architectures: ['LlamaForCausalLM'],
          vocab_size: 5,
          hidden_size: 8,
          intermediate_size: 8,
          num_hidden_layers: 1,
          num_attention_heads: 4,
          num_key_value_heads: 2,
          hidden_act: 'silu',
        },
        'test',
      );
      const layout = layOut(lengths.map((length) => ({ tokens: new Array<number>(length).fill(0), context })));
      const N = layout.tokens.length;
      const constants = Object.fromEntries(
        Object.entries(attentionFeeds(layout, config)).map(([name, dense]) => [
          name,
          { type: dense.data instanceof Float32Array ? ('float32' as const) : ('int64' as const), dense },
        ]),
      );
      await expectTrueGradient({
        inputs: { q: { dims: [N, 8] }, k: { dims: [N, 4] }, v: { dims: [N, 4] } },
        constants,
        build: (g, { q, k, v, ...fed }) =>
          causalAttention(
            g,
            config,
            attentionIndex((name) => fed[name]),
          )(q, k, v),
      });
    },
  );

  it.each([1, 3])('%i adapted layers that read one input, with and without a bias', async (count) => {
    const layers = Array.from({ length: count }, (_, m) => m);
    const inputs = {
      x: { dims: [4, 3] },
      ...Object.fromEntries(
        layers.flatMap((m) => [
          [`A${m}`, { dims: [2, 3] }],
          [`B${m}`, { dims: [5 + m, 2] }],
        ]),
      ),
    };
    const constants = {
      s: { type: 'float32' as const, dense: floats(Float32Array.of(0.7), []) },
      ...Object.fromEntries(
        layers.flatMap((m) => [
          [`W${m}`, { type: 'float32' as const, dense: floats(wave((5 + m) * 3, 1), [5 + m, 3]) }],
          [`b${m}`, { type: 'float32' as const, dense: floats(wave(5 + m, 2), [5 + m]) }],
        ]),
      ),
    };
    await expectTrueGradient({
      inputs,
      constants,
      build: (g, v) => {
        const adapted = layers.map((m) => ({
          W: v[`W${m}`],
          bias: m % 2 === 0 ? v[`b${m}`] : null,
          A: v[`A${m}`],
          B: v[`B${m}`],
        }));
        const rows = g.node('Shape', [v.x], { attributes: { end: 1 } });
        const outputs = adaptedLinear(g, v.x, adapted, { scale: v.s, mostRank: null, rows });
        return outputs.map((y) => linear(g, y, y)).reduce((sum, y) => add(g, sum, y));
      },
    });
  });
});

it('a slope that is known in advance gives, chunk by chunk, the gradients that it gives afterwards', async () => {
  const M = 7;
  const feeds = {
    h: floats(wave(M * 4, 1), [M, 4]),
    E: floats(wave(5 * 4, 2), [5, 4]),
    targets: integers([1, 4, 2, 2, 0, 1, 3], [M, 1]),
    c: floats(wave(M, 0.5), [M, 1]),
  };
  const gradients = async (count: number, known: boolean) => {
    const g = new Graph();
    const h = g.differentiate(g.input('h', 'float32'));
    const E = g.differentiate(g.input('E', 'float32'));
    const targets = g.input('targets', 'int64');
    const c = g.input('c', 'float32');
    const slope = known ? { slope: (_: typeof c, cut: (x: typeof c) => typeof c) => cut(c) } : {};
    const result = targetLogprobs(g, { terms: [{ x: h, W: E }], targets, chunks: { count, rows: 2 }, ...slope });
    const found = g.backward(result.logprobs, result.slope ?? c);
    for (const [name, value] of Object.entries({ h, E })) {
      const gradient = found.get(value);
      if (gradient !== undefined) g.output(`d ${name}`, gradient);
    }
    const session = await createSession(g.encode(), { directory: '', threads: 1 });
    const outputs = await session.run(feeds);
    await session.release();
    return ['d h', 'd E'].map((name) => [...outputs[name].data].map((value) => Number(value.toPrecision(5))));
  };
  const whole = await gradients(1, false);
  expect(await gradients(1, true)).toEqual(whole);
  expect(await gradients(3, true)).toEqual(whole);
  expect(await gradients(9, true)).toEqual(whole);
});

it('the gradient of a segment that is computed again is the true one, also for what it takes beside its input', async () => {
  await expectTrueGradient({
    inputs: { x: { dims: [3, 4] }, W: { dims: [4, 4] }, u: { dims: [3, 4] } },
    build: (g, { x, W, u }) => {
      const segment = (v: typeof x) => add(g, v, swiglu(g, linear(g, v, W), u));
      return mul(g, g.checkpoint(g.checkpoint(x, segment), segment), u);
    },
  });
});

it('a wrong gradient is noticed', async () => {
  const check = expectTrueGradient({
    inputs: { x: { dims: [2, 3] } },
    build: (g, { x }) => g.record(g.node('Mul', [x, x]), [x], (d) => [g.node('Mul', [d, x])]),
  });
  await expect(check).rejects.toThrow(/d x\[0\]/);
});
