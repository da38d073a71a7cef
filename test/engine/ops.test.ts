import { describe, expect, it } from 'vitest';
import { causalAttention } from '../../src/engine/attention.ts';
import { targetLogprobs } from '../../src/engine/logprobs.ts';
import {
  add,
  addBias,
  batchedMatmul,
  gatherRows,
  linear,
  mul,
  pad,
  reshape,
  rmsNorm,
  rotary,
  scale,
  silu,
  softmax,
  transpose,
  unpad,
} from '../../src/engine/ops.ts';
import { floats, integers } from '../../src/engine/session.ts';
import { parseModelConfig } from '../../src/weights/hf_config.ts';
import { expectTrueGradient } from './gradient_check.ts';

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

  it('addBias', async () => {
    const inputs = { x: { dims: [4, 3] }, b: { dims: [3] } };
    await expectTrueGradient({ inputs, build: (g, { x, b }) => addBias(g, x, b) });
  });

  it('silu', async () => {
    await expectTrueGradient({
      inputs: { x: { dims: [3, 4] } },
      build: (g, { x }) => silu(g, scale(g, x, g.scalar(4))),
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

  it('pad then unpad, the padding masked as attention masks it', async () => {
    // Two sequences of 3 and 1 tokens.
    const constants = {
      flat: { type: 'int64' as const, dense: integers([0, 1, 2, 3, 0, 0], [2, 3]) },
      padded: { type: 'int64' as const, dense: integers([0, 1, 2, 3], [4]) },
      mask: { type: 'float32' as const, dense: floats(Float32Array.of(1, 1, 1, 1, 0, 0), [2, 3, 1]) },
    };
    await expectTrueGradient({
      inputs: { x: { dims: [4, 2] } },
      constants,
      build: (g, { x, flat, padded, mask }) => {
        const index = { flat, padded, mask };
        const square = (v: typeof x) => mul(g, v, v);
        return unpad(g, square(pad(g, x, index)), index);
      },
    });
  });
});

describe('the gradient of what is built of them', () => {
  it('log-probs of several targets a row, some of them the same', async () => {
    const constants = { targets: { type: 'int64' as const, dense: integers([1, 4, 2, 2, 0, 1], [3, 2]) } };
    await expectTrueGradient({
      inputs: { h: { dims: [3, 4] }, E: { dims: [5, 4] } },
      constants,
      build: (g, { h, E, targets }) => targetLogprobs(g, h, E, targets),
    });
  });

  it('grouped-query attention over sequences of 3 and 2 tokens', async () => {
    const masked = -1e9;
    const causal = Float32Array.of(0, masked, masked, 0, 0, masked, 0, 0, 0);
    const constants = {
      flat: { type: 'int64' as const, dense: integers([0, 1, 2, 3, 4, 0], [2, 3]) },
      padded: { type: 'int64' as const, dense: integers([0, 1, 2, 3, 4], [5]) },
      mask: { type: 'float32' as const, dense: floats(Float32Array.of(1, 1, 1, 1, 1, 0), [2, 3, 1]) },
      causal: { type: 'float32' as const, dense: floats(Float32Array.of(...causal, ...causal), [6, 3]) },
    };
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
    await expectTrueGradient({
      inputs: { q: { dims: [5, 8] }, k: { dims: [5, 4] }, v: { dims: [5, 4] } },
      constants,
      build: (g, { q, k, v, flat, padded, mask, causal }) =>
        causalAttention(g, config, { q, k, v, padding: { flat, padded, mask }, causal }),
    });
  });
});

it('a wrong gradient is noticed', async () => {
  const check = expectTrueGradient({
    inputs: { x: { dims: [2, 3] } },
    build: (g, { x }) => g.record(g.node('Mul', [x, x]), [x], (d) => [g.node('Mul', [d, x])]),
  });
  await expect(check).rejects.toThrow(/d x\[0\]/);
});
