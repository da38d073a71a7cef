// Custom losses as graphs: values as they are written, gradients against finite differences.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BINARY, SOFTPLUS, UNARY } from '../../../../src/tinker/server/custom_loss/functions.ts';
import { lossGraphAt } from '../../../../src/tinker/server/custom_loss/graph.ts';
import { customLoss } from '../../../../src/tinker/server/custom_loss/loss.ts';
import { type Datum, modelInputFromTokens } from '../../../../src/tinker/types.ts';
import { parseExactJson } from '../../../../src/tinker/wire/json.ts';
import { objectAt } from '../../../../src/tinker/wire/json_fields.ts';
import { type Arg, call, graphOf, method, ref, type Step } from './graphs.ts';

const LOGPROBS = [-0.7, -1.9, -0.2, -3.1];
const INPUTS = { q: [-0.6, -2, -0.9, -3], advantages: [1, -0.5, 2, 0.25], mask: [1, 1, 0, 1] };

function datum(inputs: Record<string, number[]> = INPUTS, shape: number[] = [4]): Datum {
  const size = shape.reduce((product, each) => product * each, 1);
  const target_tokens = { data: Array.from({ length: size }, () => 5), dtype: 'int64' as const, shape };
  const others = Object.entries(inputs).map(([name, data]) => [
    name,
    { data, dtype: 'float32' as const, shape: [data.length] },
  ]);
  return {
    model_input: modelInputFromTokens([1, 2, 3, 4]),
    loss_fn_inputs: { target_tokens, ...Object.fromEntries(others) },
  };
}

interface Written {
  steps: readonly Step[];
  /** Name of the step that is the loss. */
  loss?: string;
  metrics?: Record<string, string>;
  inputs?: readonly [name: string, rank: number][];
}

const ranks = [
  ['logprobs', 1],
  ['q', 1],
  ['advantages', 1],
  ['mask', 1],
] as const;

function lossOf({ steps, loss = steps.at(-1)?.name, metrics = {}, inputs = ranks.map(([...pair]) => pair) }: Written) {
  return customLoss(
    lossGraphAt(objectAt(parseExactJson(JSON.stringify(graphOf(inputs, steps, loss ?? '', metrics))), '')),
  );
}

const computed = (written: Written, logprobs: readonly number[] = LOGPROBS, data = datum()) =>
  lossOf(written)([data], [Float32Array.from(logprobs)]);

/** Steps that end in a vector, summed up. */
const summed = (...steps: Step[]): Written => ({
  steps: [...steps, method('total', 'sum', ref(steps.at(-1)?.name ?? ''))],
});

describe('functions of single numbers', () => {
  const within = { min: 0.2, max: 3, noNaN: true };
  const numbers = fc.double(within);
  const slopeOf = (f: (x: number) => number, x: number) => (f(x + 1e-6) - f(x - 1e-6)) / 2e-6;

  it.each([...UNARY].filter(([, { slopes }]) => slopes !== undefined))(
    '%s has the slope that differences have',
    (_, { f, slopes = [] }) => {
      fc.assert(
        fc.property(numbers, fc.boolean(), (size, isNegative) => {
          const x = isNegative && Number.isFinite(f(-size, 0, 0)) ? -size : size;
          // Where it steps it has no slope.
          fc.pre(Math.abs(x * 2 - Math.round(x * 2)) > 1e-3);
          expect(slopes[0](x, 0, 0)).toBeCloseTo(
            slopeOf((at) => f(at, 0, 0), x),
            4,
          );
        }),
      );
    },
  );

  it.each([...BINARY, ['softplus', SOFTPLUS] as const].filter(([, { slopes }]) => slopes !== undefined))(
    '%s has the slopes that differences have',
    (name, { f, slopes = [] }) => {
      fc.assert(
        fc.property(numbers, numbers, (x, y) => {
          const quotient = x / y;
          fc.pre(Math.abs(x - y) > 1e-3 && Math.abs(quotient - Math.round(quotient)) > 1e-3);
          expect(slopes[0](x, y, 0)).toBeCloseTo(
            slopeOf((at) => f(at, y, 0), x),
            3,
          );
          if (name !== 'softplus')
            expect((slopes[1] ?? (() => 0))(x, y, 0)).toBeCloseTo(
              slopeOf((at) => f(x, at, 0), y),
              3,
            );
        }),
      );
    },
  );
});

const ratio = [call('diff', 'operator.sub', ref('logprobs'), ref('q')), call('ratio', 'torch.exp', ref('diff'))];
const VECTORS: Record<string, Step[]> = {
  'a clipped ratio': [
    ...ratio,
    call('clipped', 'torch.clamp', ref('ratio'), 0.8, 1.2),
    call('a', 'operator.mul', ref('ratio'), ref('advantages')),
    call('b', 'operator.mul', ref('clipped'), ref('advantages')),
    call('least', 'torch.minimum', ref('a'), ref('b')),
    call('loss', 'operator.neg', ref('least')),
  ],
  'a masked part': [
    call('is', 'operator.gt', ref('mask'), 0),
    call('part', 'operator.getitem', ref('logprobs'), ref('is')),
    call('loss', 'operator.mul', ref('part'), ref('part')),
  ],
  'a choice': [
    call('low', 'operator.lt', ref('logprobs'), -1),
    call('square', 'operator.pow', ref('logprobs'), 2),
    call('loss', 'torch.where', ref('low'), ref('square'), ref('logprobs')),
  ],
  'sums that go on': [
    method('sums', 'cumsum', ref('logprobs'), 0),
    call('loss', 'operator.mul', ref('sums'), ref('advantages')),
  ],
  'a mean taken off': [
    { ...method('mean', 'mean', ref('logprobs')), kwargs: { dim: 0, keepdim: true } },
    call('off', 'operator.sub', ref('logprobs'), ref('mean')),
    call('loss', 'torch.nn.functional.softplus', ref('off')),
  ],
  neighbours: [
    call('later', 'operator.getitem', ref('logprobs'), { slice: [1, null, null] }),
    call('earlier', 'operator.getitem', ref('logprobs'), { slice: [null, -1, null] }),
    call('loss', 'operator.mul', ref('later'), ref('earlier')),
  ],
  'all pairs': [
    call('rows', 'operator.getitem', ref('logprobs'), { tuple: [{ slice: [null, null, null] }, null] }),
    call('off', 'operator.sub', ref('rows'), ref('logprobs')),
    call('loss', 'torch.nn.functional.logsigmoid', ref('off')),
  ],
  'the largest and the spread': [
    method('top', 'max', ref('logprobs')),
    method('spread', 'std', ref('logprobs')),
    call('both', 'torch.stack', [ref('top'), ref('spread')]),
    call('loss', 'operator.mul', ref('both'), ref('both')),
  ],
  'a softmax': [
    call('soft', 'torch.softmax', ref('logprobs'), 0),
    call('loss', 'operator.mul', ref('soft'), ref('advantages')),
  ],
  'turned and joined': [
    method('back', 'flip', ref('logprobs'), 0),
    call('joined', 'torch.cat', [ref('back'), ref('logprobs')]),
    method('square', 'view', ref('joined'), 2, -1),
    method('turned', 't', ref('square')),
    method('all', 'logsumexp', ref('turned'), 1),
    call('loss', 'torch.sigmoid', ref('all')),
  ],
};

describe('the gradient of a graph', () => {
  it.each(Object.entries(VECTORS))('%s: that of differences', (_, steps) => {
    const written = summed(...steps);
    const [gradient] = computed(written).grads_D_T;
    const differences = LOGPROBS.map((at, i) => {
      const [up, down] = [1e-3, -1e-3].map((by) => computed(written, LOGPROBS.with(i, at + by)).loss);
      return (up - down) / 2e-3;
    });
    for (const [i, difference] of differences.entries()) expect(gradient[i]).toBeCloseTo(difference, 3);
    expect(differences.some((each) => Math.abs(each) > 1e-3)).toBe(true);
  });

  it('does not go through what is detached', () => {
    const { grads_D_T } = computed(
      summed(
        ...ratio,
        method('fixed', 'detach', ref('ratio')),
        call('loss', 'operator.mul', ref('fixed'), ref('logprobs')),
      ),
    );
    const expected = LOGPROBS.map((logprob, i) => Math.fround(Math.exp(logprob - INPUTS.q[i])));
    for (const [i, each] of expected.entries()) expect(grads_D_T[0][i]).toBeCloseTo(each, 6);
  });

  it('is of a matrix where the targets are one', () => {
    const inputs: [string, number][] = [['logprobs', 2]];
    const steps = [
      method('rows', 'logsumexp', ref('logprobs'), -1),
      call('first', 'operator.getitem', ref('logprobs'), { tuple: [{ ellipsis: true }, 0] }),
      call('off', 'operator.sub', ref('rows'), ref('first')),
      method('total', 'sum', ref('off')),
    ];
    const { loss, grads_D_T } = lossOf({ steps, inputs })([datum({}, [2, 2])], [Float32Array.from([-1, -2, -3, -4])]);
    expect(loss).toBeCloseTo(2 * Math.log1p(Math.exp(-1)), 6);
    const share = 1 / (1 + Math.exp(1));
    for (const [i, each] of [-share, share, -share, share].entries()) expect(grads_D_T[0][i]).toBeCloseTo(each, 6);
  });
});

it('adds up losses over data, and metrics by the end of their names', () => {
  const steps = [method('total', 'sum', ref('logprobs')), method('mean', 'mean', ref('logprobs'))];
  const loss = lossOf({ steps, loss: 'total', metrics: { 'custom/mean:mean': 'mean', 'custom/total:sum': 'total' } });
  const result = loss([datum(), datum()], [Float32Array.of(-1, -1, -1, -1), Float32Array.of(-3, -3, -3, -3)]);
  expect(result.loss).toBe(-16);
  expect(result.metrics).toEqual({ 'custom/mean:mean': -2, 'custom/total:sum': -16 });
});

it('reckons with lengths', () => {
  const steps = [
    call('shape', 'getattr', ref('logprobs'), 'shape'),
    call('length', 'operator.getitem', ref('shape'), 0),
    call('root', 'math.sqrt', ref('length')),
    method('sum', 'sum', ref('logprobs')),
    call('loss', 'operator.truediv', ref('sum'), ref('root')),
  ];
  expect(computed({ steps }).loss).toBeCloseTo(LOGPROBS.reduce((sum, each) => sum + each, 0) / 2, 6);
});

describe('a graph that is refused when it is created', () => {
  const refusal = (...[steps, loss, metrics]: [Step[], string?, Record<string, string>?]) => {
    try {
      lossOf({ steps, ...(loss !== undefined && { loss }), ...(metrics && { metrics }) });
    } catch (error) {
      return String(error instanceof Error ? error.message : error);
    }
    return 'taken';
  };

  it('calls what is not known, by its name', () => {
    expect(refusal([call('x', 'torch.linalg.svd', ref('logprobs'))])).toMatchInlineSnapshot(
      `"graph.nodes[4].target: call_function "torch.linalg.svd" is not known to this server"`,
    );
    expect(refusal([call('x', 'os.system', 'ls')])).toMatchInlineSnapshot(
      `"graph.nodes[4].target: call_function "os.system" is not known to this server"`,
    );
    expect(refusal([method('x', 'constructor', ref('logprobs'))])).toMatchInlineSnapshot(
      `"graph.nodes[4].target: call_method "constructor" is not known to this server"`,
    );
    expect(refusal([call('x', 'operator.__proto__', ref('logprobs'))])).toMatchInlineSnapshot(
      `"graph.nodes[4].target: call_function "operator.__proto__" is not known to this server"`,
    );
    expect(refusal([{ op: 'get_attr', name: 'x', target: 'weight', args: [] }])).toMatchInlineSnapshot(
      `"graph.nodes[4].target: get_attr "weight" is not known to this server"`,
    );
  });

  it('refers to what is not there', () => {
    expect(refusal([call('x', 'torch.exp', ref('y'))])).toMatchInlineSnapshot(
      `"graph.nodes[4].args[0]: there is no node "y" before this one"`,
    );
    expect(refusal([call('logprobs', 'torch.exp', ref('q'))])).toMatchInlineSnapshot(
      `"graph.nodes[4].name: is that of another node"`,
    );
    expect(refusal([call('x', 'torch.exp', ref('q'))], 'y')).toMatchInlineSnapshot(
      `"graph.nodes[5].args[0][0]: there is no node "y" before this one"`,
    );
  });

  it('has a metric of another name', () => {
    expect(refusal([method('x', 'sum', ref('q'))], 'x', { 'loss:sum': 'x' })).toMatchInlineSnapshot(
      `"graph.nodes[5].args[0]: the metric "loss:sum" must be called custom/<name>:sum or custom/<name>:mean"`,
    );
  });

  it('nests its arguments without end', () => {
    const deep = Array.from({ length: 20 }).reduce<Arg>((inner) => [inner], 1);
    expect(refusal([call('x', 'torch.exp', deep)])).toMatchInlineSnapshot(
      `"graph.nodes[4].args[0][0][0][0][0][0][0][0][0][0]: is nested too deep"`,
    );
  });
});

describe('a graph that data does not fit', () => {
  const failure = (written: Written, data = datum()) => {
    try {
      computed(written, LOGPROBS, data);
    } catch (error) {
      return String(error instanceof Error ? error.message : error);
    }
    return 'computed';
  };

  it('says what does not fit', () => {
    expect(failure({ steps: [call('x', 'torch.exp', ref('logprobs'))] })).toMatchInlineSnapshot(
      `"the custom loss must return a single number, not a tensor of shape [4]"`,
    );
    expect(failure(summed(call('x', 'torch.exp', ref('logprobs'), 3)))).toMatchInlineSnapshot(
      `"torch.exp in the custom loss: argument 1 is not supported"`,
    );
    expect(failure(summed(call('x', 'torch.log', ref('logprobs'))))).toMatchInlineSnapshot(
      `"the custom loss is NaN for datum 0"`,
    );
    expect(failure(summed(...ratio), datum({ ...INPUTS, q: [1, 2, 3] }))).toMatchInlineSnapshot(
      `"tensors of the shapes [4] and [3] do not fit"`,
    );
    expect(failure(summed(...ratio), datum({ advantages: [1], mask: [1] }))).toMatchInlineSnapshot(
      `"datum 0 has no "q", which the custom loss takes"`,
    );
    expect(failure({ steps: [call('x', 'operator.getitem', ref('logprobs'), 4)] })).toMatchInlineSnapshot(
      `"there is no element 4 among 4"`,
    );
  });

  it('asks for an estimate of another kind', () => {
    expect(failure({ steps: [method('loss', 'std', ref('logprobs'), 0, false)] })).toMatchInlineSnapshot(
      `"std in the custom loss: argument 2 is not supported"`,
    );
  });

  it('computes too much, a little at a time', () => {
    const size = 2 ** 20;
    const wide = [method('total', 'sum', ref('logprobs')), method('w0', 'expand', ref('total'), size)];
    const more = Array.from({ length: 5 }, (_, i) => call(`w${i + 1}`, 'torch.zeros_like', ref(`w${i}`)));
    expect(failure({ steps: [...wide, ...more, method('loss', 'sum', ref('w5'))] })).toBe(
      'the custom loss computes more than 4194304 numbers for one datum',
    );
  });

  it('computes too much', () => {
    const steps = [method('x', 'expand', ref('total'), 100_000, 100_000), method('loss', 'sum', ref('x'))];
    expect(failure({ steps: [method('total', 'sum', ref('logprobs')), ...steps] })).toMatchInlineSnapshot(
      `"the custom loss computes more than 4194304 numbers for one datum"`,
    );
  });
});
