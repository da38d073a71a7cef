// Tasks of programming in groups: several replies to each, in one sandbox.

import type { Make } from '../../registry/slot.ts';
import { requireTools } from '../../renderers/with_tools.ts';
import type { EnvGroupBuilder, RLDatasetContext } from '../../rl/types.ts';
import { requireLanguage } from '../../sandbox/checked_run.ts';
import { type CodeEnvOptions, codeEnv } from './code_env.ts';
import type { CodeParams } from './fields.ts';
import type { CodeTask } from './task.ts';

export type GroupOf = (task: CodeTask, groupSize: number) => EnvGroupBuilder;

/** @param name under which metrics are also reported */
export async function codeGroups(
  params: CodeParams,
  { name, language, fenced }: { name: string; language: string; fenced: boolean },
  { renderer, maxContextLength, maxTokens, warn }: RLDatasetContext,
  make: Make,
): Promise<GroupOf> {
  if (params.show_tests === 'tool') requireTools(renderer, 'show_tests: tool');
  const sandbox = await make(params.sandbox, { warn });
  requireLanguage(sandbox, language);
  const options: CodeEnvOptions = { ...params, sandbox, fenced, renderer, maxContextLength, maxTokens };
  return (task, groupSize) => ({
    makeEnvs: async () => Array.from({ length: groupSize }, () => codeEnv(task, options)),
    loggingTags: () => [name],
    oneQuestion: params.show_tests !== 'tool',
  });
}
