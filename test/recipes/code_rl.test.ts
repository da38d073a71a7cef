// Functions to write: what is made up, how programs are judged, and that hidden tests stay hidden.

import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { type CodeEnvOptions, codeEnv } from '../../src/recipes/code_rl/code_env.ts';
import { demonstration } from '../../src/recipes/code_rl/demonstrations.ts';
import { lastFencedBlock } from '../../src/recipes/code_rl/extract_code.ts';
import { OPERATIONS } from '../../src/recipes/code_rl/function_steps.ts';
import { functionOf, functionTask, isHeldOut, madeFunction } from '../../src/recipes/code_rl/function_tasks.ts';
import { runTests } from '../../src/recipes/code_rl/run_tests.ts';
import { sameText, sameValue } from '../../src/recipes/code_rl/same_output.ts';
import type { CodeTask } from '../../src/recipes/code_rl/task.ts';
import { rlDatasetSlot } from '../../src/rl/types.ts';
import { quickJsSandbox } from '../../src/sandbox/quickjs/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/types.ts';
import { randomFor } from '../../src/util/random.ts';
import { END, play, type Reply, testRenderer } from '../rl/support/scripted_policy.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';

const renderer = testRenderer();
const sandbox = quickJsSandbox(2);
afterAll(() => sandbox.close());

const LIMITS = { seconds: 0.2, memory_mb: 32, output_bytes: 10_000, processes: 1 };
const OPTIONS = { argument: 'any' as const, max_steps: 3, operations: OPERATIONS, visible_tests: 2, hidden_tests: 6 };

const TRIPLE_AND_TWO: CodeTask = {
  question: 'Write a function of a number: multiply by 3, then add 2.',
  examples: ' f(1) is 5.',
  language: 'javascript',
  visible: { kind: 'functional', fn_name: 'f', tests: [{ args: [1], returns: 5 }] },
  hidden: {
    kind: 'functional',
    fn_name: 'f',
    tests: [
      { args: [0], returns: 2 },
      { args: [-4], returns: -10 },
      { args: [7770], returns: 23312 },
    ],
  },
};

const passed = async (code: string, task = TRIPLE_AND_TWO) => {
  const { outcomes } = await runTests({ code, language: 'javascript' }, task.hidden, { sandbox, limits: LIMITS });
  return outcomes.map((outcome) => outcome.passed);
};

it('a result that is nested more deeply than it can be told of is a wrong one', async () => {
  const code = `(x) => {
    const { mark } = JSON.parse(require('fs').readFileSync('calls.json', 'utf8'));
    process.stdout.write('\\n' + mark + '['.repeat(50000) + ']'.repeat(50000) + '\\n');
    return x * 3 + 2;
  }`;
  const { outcomes } = await runTests({ code, language: 'javascript' }, TRIPLE_AND_TWO.hidden, {
    sandbox,
    limits: { ...LIMITS, output_bytes: 2 ** 20 },
  });
  expect(outcomes[0]).toEqual({ passed: false, got: 'what it returns is nested too deeply' });
});

describe('functions that are made up', () => {
  it('are told in words, and pass their own tests', async () => {
    for (let i = 0; i < 150; i++) {
      const made = madeFunction(randomFor(0, i), OPTIONS);
      const task = functionTask(made, OPTIONS);
      expect({ code: made.code, passed: await passed(made.code, task) }).toEqual({
        code: made.code,
        passed: Array(6).fill(true),
      });
    }
    const made = functionOf('train', 0, 0, OPTIONS);
    expect([functionTask(made, OPTIONS), made.code]).toMatchInlineSnapshot(`
      [
        {
          "examples": " f([-16,-20,9]) is 3. f([-4,-6,-10,-17,-9]) is 5.",
          "hidden": {
            "fn_name": "f",
            "kind": "functional",
            "tests": [
              {
                "args": [
                  [
                    -1,
                    -14,
                    -19,
                    -4,
                  ],
                ],
                "returns": 4,
              },
              {
                "args": [
                  [
                    14,
                    18,
                    18,
                    -18,
                    -11,
                    -7,
                  ],
                ],
                "returns": 6,
              },
              {
                "args": [
                  [
                    -20,
                    -16,
                    -10,
                  ],
                ],
                "returns": 3,
              },
              {
                "args": [
                  [
                    10,
                    14,
                    10,
                    -9,
                    1,
                  ],
                ],
                "returns": 5,
              },
              {
                "args": [
                  [
                    0,
                    20,
                    -13,
                    6,
                  ],
                ],
                "returns": 4,
              },
              {
                "args": [
                  [
                    18,
                    6,
                  ],
                ],
                "returns": 2,
              },
            ],
          },
          "language": "javascript",
          "question": "Write a function of a list of numbers: for each, square it, then for each, make it at most 4, then count them.",
          "visible": {
            "fn_name": "f",
            "kind": "functional",
            "tests": [
              {
                "args": [
                  [
                    -16,
                    -20,
                    9,
                  ],
                ],
                "returns": 3,
              },
              {
                "args": [
                  [
                    -4,
                    -6,
                    -10,
                    -17,
                    -9,
                  ],
                ],
                "returns": 5,
              },
            ],
          },
        },
        "a => a.map(x => x ** 2).map(x => Math.min(x, 4)).length",
      ]
    `);
  });

  it('are those of their number and seed, and none that is held out is trained on', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(1000), (seed, index) => {
        const made = functionOf('train', seed, index, OPTIONS);
        expect(functionOf('train', seed, index, OPTIONS).code).toBe(made.code);
        expect(isHeldOut(made, OPTIONS)).toBe(false);
        expect(isHeldOut(functionOf('test', seed, index, OPTIONS), OPTIONS)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('do nothing but the operations that are asked for', () => {
    const kind = { ...OPTIONS, argument: 'number' as const, operations: ['add', 'multiply'] as const };
    for (let i = 0; i < 50; i++) {
      expect(functionOf('train', 0, i, kind).words).toMatch(/^(?:(?:, then )?(?:add|multiply by) \d)+$/);
    }
  });

  it('are refused where there are too few to hold one out', () => {
    const kind = { ...OPTIONS, argument: 'number' as const, max_steps: 1, operations: ['square'] as const };
    const make = () => [functionOf('train', 0, 0, kind), functionOf('test', 0, 0, kind)];
    expect(make).toThrow('there are too few functions to train on some and hold others out');
  });

  it('are demonstrated right, but for the share that is not', async () => {
    const share = (noise: number) => {
      const right = Array.from({ length: 200 }, (_, i) => {
        const [asked, answer] = demonstration({ ...OPTIONS, noise }, randomFor(0, i));
        const made = madeFunction(randomFor(0, i), OPTIONS);
        return String(asked.content).includes(made.words) && answer.content === made.code ? 1 : 0;
      });
      return right.reduce<number>((sum, one) => sum + one, 0) / 200;
    };
    // The first function that comes is the one asked for, unless it is held out.
    expect(share(0)).toBeGreaterThan(0.8);
    expect(share(1)).toBeLessThan(0.1);
  });
});

describe('a program is right', () => {
  it('however it is written', async () => {
    const right = [
      'x => x * 3 + 2',
      '(x) => { return 3 * x + 2; };',
      'function f(x) { return 2 + x + x + x }',
      'const f = x => x * 3 + 2;',
      'const helper = x => x * 3; var f = (x) => helper(x) + 2',
      'class Solution { f(x) { return x * 3 + 2 } }',
      'console.log("so:"); f = x => { console.log(x); return x * 3 + 2 }',
    ];
    for (const code of right)
      expect({ code, passed: await passed(code) }).toEqual({ code, passed: [true, true, true] });
  });

  it('only by what it gives', async () => {
    expect(await passed('x => x * 3')).toEqual([false, false, false]);
    expect(await passed('x => 2')).toEqual([true, false, false]);
    expect(await passed('x => { if (x > 5) for (;;); return x * 3 + 2 }')).toEqual([true, true, false]);
    expect(await passed('x => { if (x < 0) throw 1; return x * 3 + 2 }')).toEqual([true, false, true]);
    for (const code of [
      '',
      'x =>',
      'g = 1',
      'x => undefined',
      'x => ({})',
      'async x => x * 3 + 2',
      'x => String(x * 3 + 2)',
    ])
      expect({ code, passed: await passed(code) }).toEqual({ code, passed: [false, false, false] });
  });

  it('whatever it does to what judges it', async () => {
    const tricks = [
      // It knows the calls, and not what they should give.
      `x => JSON.parse(require('fs').readFileSync('calls.json')).calls.length`,
      `const s = require('fs').readFileSync('calls.json'); console.log(s); f = x => s`,
      'JSON.stringify = () => "[2]"; f = x => 1',
      'process.stdout.write = () => {}; f = x => 1',
      `x => ({ valueOf: () => 2, toString: () => '2', toJSON: () => 1 })`,
      'Object.prototype.returns = 2; Array.prototype.every = () => true; f = x => 1',
      // Results of its own in front of those that are asked for.
      `const m = JSON.parse(require('fs').readFileSync('calls.json')).mark; for (const r of [1, 1, 1]) console.log('\\n' + m + '[' + r + ']'); f = x => x`,
      'eval = () => (x => 2); f = x => 1',
      'globalThis.f = new Proxy(() => 1, { apply: () => 1 })',
    ];
    for (const code of tricks)
      expect({ code, passed: await passed(code) }).toEqual({ code, passed: [false, false, false] });
  });
});

describe('outputs are the same', () => {
  it('as values, within rounding where they are no whole numbers', () => {
    expect(sameValue([1, { a: 0.1 + 0.2 }], [1, { a: 0.3 }])).toBe(true);
    expect(sameValue(1000001, 1000000)).toBe(false);
    expect(sameValue([1], [1, 2])).toBe(false);
    expect(sameValue(null, 0)).toBe(false);
    expect(sameValue({ a: 1 }, { b: 1 })).toBe(false);
    expect(sameValue(true, 1)).toBe(false);
  });

  it('as texts, without blanks around lines', () => {
    expect(sameText('1 2  \n 3\n\n', '1 2\n3')).toBe(true);
    expect(sameText('0.3333333', '0.33333334')).toBe(true);
    expect(sameText('1000001', '1000000')).toBe(false);
    expect(sameText('1 2', '12')).toBe(false);
    expect(sameText('Yes', 'yes')).toBe(false);
    // As much as a program may print is looked at once.
    expect(sameText(`${'1'.repeat(2 ** 20)}x`, '1.5')).toBe(false);
  });
});

it('the program of a reply is its last fenced block', () => {
  expect(lastFencedBlock('a\n```python\nx = 1\n```\nb\n```\ny\n```\nc')).toBe('y');
  expect(lastFencedBlock('````\n```\n````')).toBe('```');
  expect(lastFencedBlock('```js\nx')).toBe('x');
  expect(lastFencedBlock('x')).toBeNull();
});

describe('an episode', () => {
  const env = (options: Partial<CodeEnvOptions> = {}) =>
    codeEnv(TRIPLE_AND_TWO, {
      renderer,
      sandbox,
      limits: LIMITS,
      show_tests: 'prompt',
      reward: 'all',
      format_coef: 0.1,
      fenced: false,
      max_turns: 3,
      maxContextLength: 100_000,
      maxTokens: 1000,
      ...options,
    });
  const rewardOf = async (reply: Reply, options: Partial<CodeEnvOptions> = {}) =>
    (await play(env(options), [reply])).rewards.at(-1);

  it('has the reward of its hidden tests', async () => {
    expect(await rewardOf(`x => x * 3 + 2${END}`)).toBe(1);
    expect(await rewardOf(`x => 2${END}`)).toBe(0);
    expect(await rewardOf(`x => 2${END}`, { reward: 'share' })).toBeCloseTo(1 / 3);
    expect(await rewardOf(`x => x * 3 + 2${END}`, { fenced: true })).toBeCloseTo(0.9);
    expect(await rewardOf(`So:\n\`\`\`js\nx => x * 3 + 2\n\`\`\`${END}`, { fenced: true })).toBe(1);
    expect(await rewardOf({ cut: 'x => x * 3 + 2' })).toBe(-0.1);
  });

  it('counts a reply that was cut, or a call that cannot be read, as wrong', async () => {
    const wrong = { correct: 0, tests_passed: 0, format: 0 };
    expect((await play(env(), [{ cut: 'x => x * 3 + 2' }])).metrics).toMatchObject([wrong]);
    const unreadable = `<tool_call>\nrun_tests\n</tool_call>${END}`;
    expect((await play(env({ show_tests: 'tool' }), [unreadable])).metrics).toMatchObject([wrong]);
  });

  it('tells how its program ended', async () => {
    const { metrics } = await play(env(), [`x => { for (;;); }${END}`]);
    expect(metrics).toEqual([
      {
        correct: 0,
        tests_passed: 0,
        format: 1,
        'program/ok': 0,
        'program/error': 0,
        'program/timeout': 1,
        'program/memory': 0,
        'program/output': 0,
      },
    ]);
  });

  it('runs the visible tests by a tool, and shows nothing of the hidden ones', async () => {
    const call = (code: string) =>
      `<tool_call>\n${JSON.stringify({ name: 'run_tests', arguments: { code } })}\n</tool_call>${END}`;
    const script = [call('x => x * 5'), call('x => { throw new Error("no") }'), `x => x * 3 + 2${END}`];
    const { prompts, rewards } = await play(env({ show_tests: 'tool' }), script);
    const last = prompts.at(-1) ?? '';
    expect(last).toContain('[{"input":[1],"expected":5,"got":"5","passed":true}]');
    expect(last).toContain('"got":"Error: no","passed":false');
    for (const secret of ['7770', '23312', '-10']) expect(last).not.toContain(secret);
    expect(rewards).toEqual([0, 0, 1]);
  });

  it('fails, and has no reward, where the sandbox is unavailable', async () => {
    const gone: Sandbox = {
      ...sandbox,
      name: 'gone',
      languages: ['javascript'],
      run: async () => ({ status: 'unavailable', exit_code: null, stdout: '', stderr: 'no server', seconds: 0 }),
      close: async () => undefined,
    };
    await expect(play(env({ sandbox: gone }), [`x => 2${END}`])).rejects.toThrow('no server');
  });
});

it('batches are functions of their number and the seed', async () => {
  const context = {
    tokenizer: charTokenizer(),
    renderer,
    maxContextLength: 1000,
    maxTokens: 100,
    seed: 3,
    warn: () => undefined,
  };
  const ref = { builder: 'code_tasks', batch_size: 3, group_size: 2, n_batches: 4, test_size: 5 };
  const questions = async () => {
    const { train, test } = await builtinRegistry().build(rlDatasetSlot, ref, context);
    const groups = [...train.getBatch(2), ...(test?.getBatch(0) ?? [])];
    expect(groups).toHaveLength(8);
    return await Promise.all(
      groups.map(async (group) => (await play((await group.makeEnvs())[0], [`x => x${END}`])).prompts[0]),
    );
  };
  expect(await questions()).toEqual(await questions());
});
