// A task of programming as an environment: the reply is a program, and hidden tests judge it. With the tool `run_tests` the policy
// may try what it has written on the visible ones first.

import { Type } from '@sinclair/typebox';
import { visibleText } from '../../completers/completers.ts';
import type { Message, Renderer } from '../../renderers/types.ts';
import { envFromMessageEnv } from '../../rl/message_env.ts';
import { buildAgentToolEnv } from '../../rl/tool_env.ts';
import { defineTool, type Tool } from '../../rl/tools.ts';
import type { Env, EnvLogs, EnvMetrics, StepOptions } from '../../rl/types.ts';
import { SANDBOX_STATUSES, type Sandbox, type SandboxLimits } from '../../sandbox/types.ts';
import { lastFencedBlock } from './extract_code.ts';
import { runTests, type TestOutcome } from './run_tests.ts';
import type { CodeTask } from './task.ts';

export const SHOW_TESTS = ['prompt', 'tool', 'none'] as const;
export const REWARDS = ['all', 'share'] as const;

/** A sandbox that is unavailable fails the episode. */
const PROGRAM_ENDS = SANDBOX_STATUSES.filter((status) => status !== 'unavailable');

export interface CodeEnvOptions {
  renderer: Renderer;
  sandbox: Sandbox;
  limits: SandboxLimits;
  /** Where the policy sees the visible tests. */
  show_tests: (typeof SHOW_TESTS)[number];
  /** `all`: 1 for a program that passes every hidden test. `share`: the share that it passes. */
  reward: (typeof REWARDS)[number];
  /** What a reply costs that is not in form. */
  format_coef: number;
  /** A reply in form has its program in a fenced block; else all of a reply without one is the program. */
  fenced: boolean;
  max_turns: number;
  maxContextLength: number;
  maxTokens: number;
}

/**
 * Reward: what the hidden tests say, less `format_coef` for a reply that is not in form. Metrics: `correct`, `tests_passed` (the
 * share), `format`, all 0 for a reply without an end; and how the program ended, as `program/STATUS`.
 */
export function codeEnv(task: CodeTask, options: CodeEnvOptions): Env {
  const { renderer, show_tests, format_coef, maxContextLength, maxTokens, max_turns } = options;
  const content = `${task.question}${show_tests === 'prompt' ? task.examples : ''}`;
  const question: Message = { role: 'user', content };
  const common = {
    renderer,
    failedParseReward: -format_coef,
    contextOverflowReward: -format_coef,
    ungradedMetrics: { correct: 0, tests_passed: 0, format: 0 },
    maxTrajectoryTokens: maxContextLength,
    maxGenerationTokens: Math.min(maxTokens, maxContextLength),
  };
  const grade = (reply: Message, signal: AbortSignal | undefined) => graded(visibleText(reply), task, options, signal);
  if (show_tests === 'tool') {
    return buildAgentToolEnv({
      ...common,
      tools: [runTestsTool(task, options)],
      initialMessages: [question],
      maxTurns: max_turns,
      rewardFn: async (history, { signal } = {}) => await grade(history.at(-1) ?? question, signal),
    });
  }
  return envFromMessageEnv({
    ...common,
    messageEnv: {
      initialObservation: async () => [question],
      step: async (message, { signal }: StepOptions = {}) => ({
        ...(await grade(message, signal)),
        episode_done: true,
        next_messages: [question, message],
      }),
    },
  });
}

async function graded(
  reply: string,
  task: CodeTask,
  { sandbox, limits, reward, format_coef, fenced }: CodeEnvOptions,
  signal: AbortSignal | undefined,
): Promise<{ reward: number; metrics: EnvMetrics; logs: EnvLogs }> {
  const block = lastFencedBlock(reply);
  const code = block ?? reply;
  const { language, hidden } = task;
  const stopAtFailure = reward === 'all';
  const { outcomes, status } = await runTests({ code, language }, hidden, { sandbox, limits, signal, stopAtFailure });
  const passed = outcomes.filter((outcome) => outcome.passed).length;
  const share = passed / outcomes.length;
  const correct = passed === outcomes.length ? 1 : 0;
  const format = block !== null || !fenced ? 1 : 0;
  const ends = Object.fromEntries(PROGRAM_ENDS.map((name) => [`program/${name}`, name === status ? 1 : 0]));
  return {
    reward: format_coef * (format - 1) + (reward === 'all' ? correct : share),
    metrics: { correct, tests_passed: share, format, ...ends },
    logs: { code, hidden_tests: `${passed} of ${outcomes.length} passed`, program: status },
  };
}

/** Runs the visible tests alone: those that decide the reward stay hidden. */
function runTestsTool({ language, visible }: CodeTask, { sandbox, limits }: CodeEnvOptions): Tool {
  return defineTool({
    name: 'run_tests',
    description: 'Runs a program on the examples, and says for each what it gives and whether that is right.',
    parameters: Type.Object({ code: Type.String({ description: 'The whole program.' }) }),
    async run({ code }, { signal }) {
      const { outcomes } = await runTests({ code: lastFencedBlock(code) ?? code, language }, visible, {
        sandbox,
        limits,
        signal,
      });
      return JSON.stringify(outcomes.map((outcome, i) => shownTest(visible.tests[i], outcome)));
    },
  });
}

const SHOWN_CHARACTERS = 2000;

function shownTest(test: CodeTask['visible']['tests'][number] | undefined, { passed, got }: TestOutcome): object {
  if (test === undefined) return {};
  const [input, expected] = 'args' in test ? [test.args, test.returns] : [test.stdin, test.stdout];
  return { input, expected, got: got.slice(0, SHOWN_CHARACTERS), passed };
}
