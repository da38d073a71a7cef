// An agent with a shell: it runs commands in a sandbox of its own until it says that it is done, then the task's tests judge what it
// has left (tinker_cookbook/recipes/harbor_rl).

import { Type } from '@sinclair/typebox';
import type { Message, Renderer } from '../../renderers/types.ts';
import { RolloutFailure } from '../../rl/rollout_failure.ts';
import { buildAgentToolEnv } from '../../rl/tool_env.ts';
import { defineTool, type Tool } from '../../rl/tools.ts';
import type { Env, EnvMetrics } from '../../rl/types.ts';
import type { SandboxLimits, SandboxResult, SandboxSession } from '../../sandbox/types.ts';
import type { HarborTask } from './harbor_task.ts';
import type { TaskFiles } from './task_files.ts';

export interface ShellEnvOptions {
  renderer: Renderer;
  session: SandboxSession;
  limits: SandboxLimits;
  max_turns: number;
  /** In front of the instruction; null = nothing. */
  system_prompt: string | null;
  maxContextLength: number;
  maxTokens: number;
}

/** Reward: what the tests write to /logs/verifier/reward.txt or reward.json. Metrics `reward`, `test_passed`, `grading_error`. */
export function shellEnv(task: HarborTask, options: ShellEnvOptions): Env {
  const { renderer, session, limits, max_turns, system_prompt, maxContextLength, maxTokens } = options;
  const system: Message[] = system_prompt === null ? [] : [{ role: 'system', content: system_prompt }];
  return buildAgentToolEnv({
    renderer,
    tools: [bashTool(session, limits)],
    // Commands of one reply would meet in one directory.
    toolExecution: 'sequential',
    initialMessages: [...system, { role: 'user', content: task.instruction }],
    maxTurns: max_turns,
    maxTrajectoryTokens: maxContextLength,
    maxGenerationTokens: Math.min(maxTokens, maxContextLength),
    ungradedMetrics: { reward: 0, test_passed: 0, grading_error: 0 },
    rewardFn: async (_, { signal } = {}) => await verified(task, session, limits, signal),
  });
}

/** The task's own files, laid where the agent works. */
export async function prepare(session: SandboxSession, { environment }: HarborTask): Promise<void> {
  await writeFiles(session, '/app', environment);
}

async function writeFiles(session: SandboxSession, directory: string, files: TaskFiles): Promise<void> {
  for (const [path, { bytes, isExecutable }] of Object.entries(files))
    await session.write(`${directory}/${path}`, bytes, { isExecutable });
}

function bashTool(session: SandboxSession, limits: SandboxLimits): Tool {
  return defineTool({
    name: 'bash',
    description: 'Runs a command line in bash, in /app. Files stay from one call to the next.',
    parameters: Type.Object({ command: Type.String({ description: 'The command line.' }) }),
    async run({ command }, { signal }) {
      const { status, exit_code, stdout, stderr } = requireAvailable(await session.exec(command, limits, { signal }));
      return JSON.stringify({ exit_code: exit_code ?? status, stdout, stderr });
    },
  });
}

function requireAvailable(result: SandboxResult): SandboxResult {
  if (result.status !== 'unavailable') return result;
  throw new RolloutFailure('sandbox_unavailable', result.stderr);
}

const MOST_REWARD_BYTES = 4096;

/** What the agent may have put where the tests and their verdict belong is taken away before. */
async function verified(
  { tests, verifier_seconds }: HarborTask,
  session: SandboxSession,
  limits: SandboxLimits,
  signal: AbortSignal | undefined,
): Promise<{ reward: number; metrics: EnvMetrics }> {
  await session.clear('/tests');
  await session.clear('/logs');
  await writeFiles(session, '/tests', tests);
  // The agent's home is not the tests': what Python, git and others read there is its own.
  const command = 'mkdir -p /logs/verifier && HOME=/tmp PYTHONNOUSERSITE=1 bash /tests/test.sh';
  const bounds = { ...limits, seconds: verifier_seconds };
  requireAvailable(await session.exec(command, bounds, { signal }));
  const reward =
    rewardIn(await session.read('/logs/verifier/reward.txt', MOST_REWARD_BYTES)) ??
    rewardIn(await session.read('/logs/verifier/reward.json', MOST_REWARD_BYTES));
  return {
    reward: reward ?? 0,
    metrics: { reward: reward ?? 0, test_passed: (reward ?? 0) > 0 ? 1 : 0, grading_error: reward === null ? 1 : 0 },
  };
}

/** A number, or an object with one as `reward`; null for anything else. */
function rewardIn(text: string | null): number | null {
  if (text === null || text.trim() === '') return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = Number(text);
  }
  const reward = typeof value === 'object' && value !== null && 'reward' in value ? value.reward : value;
  return typeof reward === 'number' && Number.isFinite(reward) ? reward : null;
}
