// Agents that call tools, played through a renderer whose format has them.

import { Type } from '@sinclair/typebox';
import { describe, expect, it } from 'vitest';
import { getRenderer } from '../../src/renderers/get_renderer.ts';
import type { Message } from '../../src/renderers/types.ts';
import type { RolloutLimits } from '../../src/rl/limits.ts';
import { agentToolEnv, type BuildAgentToolEnvOptions, buildAgentToolEnv } from '../../src/rl/tool_env.ts';
import { defineTool, simpleToolResult } from '../../src/rl/tools.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';
import { END, play, type Reply, testRenderer } from './support/scripted_policy.ts';

const renderer = testRenderer();

const calls = (...texts: string[]) => `${texts.map((text) => `<tool_call>\n${text}\n</tool_call>`).join('\n')}${END}`;
const add = (a: number, b: number) => `{"name": "add", "arguments": {"a": ${a}, "b": ${b}}}`;
const STOP = '{"name": "stop", "arguments": {}}';
const BROKEN = '{"name": "add", ';

interface World {
  log: string[];
  graded: (readonly Message[])[];
}

async function playAgent(
  script: readonly Reply[],
  options: Partial<BuildAgentToolEnvOptions> = {},
  limits: Partial<RolloutLimits> = {},
) {
  const world: World = { log: [], graded: [] };
  const numbers = Type.Object({ a: Type.Integer(), b: Type.Integer() });
  const env = buildAgentToolEnv({
    renderer,
    tools: [
      defineTool({
        name: 'add',
        description: 'Adds.',
        parameters: numbers,
        async run({ a, b }) {
          world.log.push(`begin ${a}`);
          // The larger the number, the sooner it is done.
          for (let turns = 10 - a; turns > 0; turns--) await Promise.resolve();
          world.log.push(`end ${a}`);
          return simpleToolResult(String(a + b), { metrics: { sum: a + b } });
        },
      }),
      defineTool({
        name: 'stop',
        description: 'Ends it.',
        parameters: Type.Object({}),
        run: () => simpleToolResult('over', { should_stop: true }),
      }),
    ],
    initialMessages: [{ role: 'user', content: 'What is 1 + 2?' }],
    async rewardFn(history) {
      world.graded.push(history);
      return { reward: 1, metrics: { graded: 1 } };
    },
    ...options,
  });
  return { ...(await play(env, script, { renderer, limits })), ...world };
}

describe('an agent', () => {
  it('is shown the tools, calls, reads the answer, and is graded when it stops calling', async () => {
    const { rewards, metrics, prompts, graded, trajectory } = await playAgent([calls(add(1, 2)), `It is 3.${END}`]);
    expect(prompts[0]).toContain('"description": "Adds."');
    expect(prompts[1]).toMatch(/<tool_response>\n3\n<\/tool_response>/);
    expect(rewards).toEqual([0, 1]);
    expect(metrics).toEqual([{ sum: 3 }, { graded: 1, 'stop/completed': 1 }]);
    expect(trajectory.transitions[0].logs).toEqual({
      tool_call_0: 'add({"a": 1, "b": 2})',
      tool_result_0: '3',
    });
    expect(graded[0].map(({ role }) => role)).toEqual(['tool_declare', 'user', 'assistant', 'tool', 'assistant']);
  });

  it('makes the calls of a reply at once, or one after the other, and is answered in their order', async () => {
    const script = [calls(add(1, 0), add(5, 0)), `x${END}`];
    const parallel = await playAgent(script);
    expect(parallel.log).toEqual(['begin 1', 'begin 5', 'end 5', 'end 1']);
    expect(parallel.metrics[0]).toEqual({ sum: 3 });
    const sequential = await playAgent(script, { toolExecution: 'sequential' });
    expect(sequential.log).toEqual(['begin 1', 'end 1', 'begin 5', 'end 5']);
    expect(sequential.prompts[1]).toBe(parallel.prompts[1]);
    expect(parallel.prompts[1]).toMatch(/1\n<\/tool_response>[\s\S]*5\n<\/tool_response>/);
  });

  it('goes on when a call fails', async () => {
    const { prompts, rewards } = await playAgent([calls('{"name": "divide", "arguments": {}}'), `x${END}`]);
    expect(prompts[1]).toContain('{"error":"there is no tool \\"divide\\"; there is add, stop"}');
    expect(rewards).toEqual([0, 1]);
  });

  it('ends at the first reason that holds: a tool, the budget of calls, the turns', async () => {
    const one = { maxTurns: 1, maxToolCalls: 1 };
    const reasons = async (script: Reply[], options: object) => (await playAgent(script, options)).metrics;
    expect(await reasons([`x${END}`], one)).toEqual([{ graded: 1, 'stop/completed': 1 }]);
    expect(await reasons([calls(STOP, add(1, 1))], one)).toEqual([
      { tool_stopped: 1, max_tool_calls: 1, max_turns: 1, graded: 1, 'stop/tool_stopped': 1 },
    ]);
    expect(await reasons([calls(add(1, 1), STOP)], one)).toEqual([
      { sum: 2, max_tool_calls: 1, max_turns: 1, graded: 1, 'stop/max_tool_calls': 1 },
    ]);
    expect(await reasons([calls(add(1, 1))], one)).toEqual([{ sum: 2, max_turns: 1, graded: 1, 'stop/max_turns': 1 }]);
  });

  it('makes no call beyond the budget, its own or that of the rollout, whichever is less', async () => {
    const script = [calls(add(1, 1)), calls(add(2, 2), add(3, 3))];
    const { log, trajectory } = await playAgent(script, { maxToolCalls: 9 }, { max_tool_calls: 2 });
    expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
    expect(trajectory.stop_reason).toBe('max_tool_calls');
    expect(trajectory.transitions[1].logs.tool_calls_dropped).toBe(1);
    const none = await playAgent([calls(add(1, 1))], { maxToolCalls: 0 });
    expect(none.log).toEqual([]);
  });

  it('is graded by what it said, where the grader is not to see the question', async () => {
    const { graded } = await playAgent([`x${END}`], { passAllMessagesToGrader: false });
    expect(graded).toEqual([[{ role: 'assistant', content: 'x' }]]);
  });

  it('fails as an episode where its grader hangs', async () => {
    const rewardFn = () => new Promise<never>(() => undefined);
    await expect(playAgent([`x${END}`], { rewardFn, graderTimeoutSeconds: 0.001 })).rejects.toMatchObject({
      type: 'grader_timeout',
    });
  });

  it('keeps a reply that was cut short, where that does not end the episode', async () => {
    const { prompts } = await playAgent([{ cut: 'Let me th' }, `x${END}`], { terminateOnLength: false });
    expect(prompts[1]).toContain('Let me th<|im_end|>');
  });

  it('counts a reply that was cut short as a turn', async () => {
    const options = { terminateOnLength: false, maxTurns: 2 };
    const { metrics, graded, trajectory } = await playAgent([{ cut: 'Let me' }, { cut: 'Let me th' }], options);
    expect(metrics[1]).toMatchObject({ max_turns: 1, 'stop/max_turns': 1 });
    expect(trajectory.transitions).toHaveLength(2);
    expect(graded).toHaveLength(1);
  });

  it('is not graded when it was given up during a call', async () => {
    const stop = new AbortController();
    let graded = 0;
    const tool = defineTool({
      name: 'hang_up',
      description: '',
      parameters: Type.Object({}),
      run: () => {
        stop.abort(new Error('gone'));
        return '';
      },
    });
    const rewardFn = async () => {
      graded++;
      return { reward: 1 };
    };
    const env = agentToolEnv({ tools: [tool], initialMessages: [], rewardFn, maxTurns: 1 });
    const call = { type: 'function' as const, id: null, function: { name: 'hang_up', arguments: '{}' } };
    const reply: Message = { role: 'assistant', content: '', tool_calls: [call] };
    await expect(env.step(reply, { signal: stop.signal })).rejects.toThrow('gone');
    expect(graded).toBe(0);
  });

  it('is refused with two tools of one name, or a format that has none', async () => {
    const tool = defineTool({ name: 'n', description: '', parameters: Type.Object({}), run: () => '' });
    await expect(playAgent([], { tools: [tool, tool] })).rejects.toThrow('two tools have one name');
    const plain = getRenderer('role_colon', charTokenizer());
    await expect(playAgent([], { renderer: plain })).rejects.toThrow('this renderer has no way to declare tools');
  });
});

describe('a reply in which no call can be read', () => {
  it('ends the episode ungraded', async () => {
    const { rewards, metrics, graded, trajectory } = await playAgent([calls(BROKEN)]);
    expect(rewards).toEqual([-0.1]);
    expect(metrics).toEqual([{ parse_error: 1, 'stop/parse_error': 1 }]);
    expect(trajectory.transitions[0].logs.parse_errors).toContain('JSON');
    expect(graded).toEqual([]);
    const told = await playAgent([calls(BROKEN)], { ungradedMetrics: { correct: 0 } });
    expect(told.metrics).toEqual([{ correct: 0, parse_error: 1, 'stop/parse_error': 1 }]);
  });

  it('costs its reward where it need not end it, and ends it at the last turn', async () => {
    const options = { terminateOnParseError: false, failedParseReward: -0.5, maxTurns: 2 };
    const { rewards, metrics } = await playAgent([calls(BROKEN), calls(BROKEN)], options);
    expect(rewards).toEqual([-0.5, -0.5]);
    expect(metrics[1]).toEqual({ parse_error: 1, max_turns: 1, 'stop/parse_error': 1 });
  });

  it('is answered by the policy for such errors, as often in a row as that says', async () => {
    const parseErrorPolicy = {
      max_consecutive: 1,
      retry_message_template: 'Wrong: {details}',
      penalty_per_error: 0.2,
      terminal_reward: -1,
      mask_error_turns: true,
    };
    const script = [calls(BROKEN), calls(add(1, 1)), calls(BROKEN), calls(BROKEN)];
    const { rewards, prompts, metrics } = await playAgent(script, { parseErrorPolicy });
    expect(rewards).toEqual([-0.2, 0, -0.2, -1]);
    expect(prompts[1]).toContain('Wrong: Invalid JSON');
    expect(metrics[0]).toEqual({ parse_error: 1, parse_error_masked: 1 });
    expect(metrics[3]).toEqual({ parse_error: 1, parse_error_masked: 1, 'stop/parse_error': 1 });
    const atOnce = await playAgent([calls(BROKEN)], { parseErrorPolicy, maxTurns: 1 });
    expect(atOnce.rewards).toEqual([-1]);
  });

  it('is only counted beside a call that can be read', async () => {
    const { rewards, metrics } = await playAgent([calls(BROKEN, add(1, 1)), `x${END}`]);
    expect(rewards).toEqual([0, 1]);
    expect(metrics[0]).toEqual({ parse_error: 1, sum: 2 });
  });
});
