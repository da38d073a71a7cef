// On-policy distillation: the student acts, and its teachers judge every token of it (tinker_cookbook/distillation/train_on_policy.py).
// The loops are those of reinforcement learning; what teaches is another source of advantages.

import type { Make } from '../registry/slot.ts';
import { computeAdvantages } from '../rl/advantages.ts';
import { checkedDatasets } from '../rl/checked_dataset.ts';
import { type LessonMaterial, type Lessons, trainPolicy } from '../rl/train.ts';
import type { RLDatasetContext } from '../rl/types.ts';
import type { TrainingContext, TrainingOutcome } from '../training/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import { compositeDatasets } from './composite_dataset.ts';
import { type OnPolicyDistillationConfig, onPolicyProblem } from './on_policy_fields.ts';
import { closeTeachers, openTeacher, type Teacher } from './teacher.ts';
import { teacherAdvantages } from './teacher_advantages.ts';

export async function trainOnPolicy(
  config: OnPolicyDistillationConfig,
  context: TrainingContext,
  make: Make,
): Promise<TrainingOutcome> {
  const problem = onPolicyProblem(config);
  if (problem !== null) throw new ConfigurationError(problem.message);
  // Rewards are there to be measured: groups of constant reward are as good as any.
  const loop = {
    ...config,
    remove_constant_reward_groups: false,
    resample_constant_groups: 0,
    overlong_buffer_tokens: 0,
    overlong_penalty: 0,
  };
  return await trainPolicy(loop, context, make, async (material) => {
    const teachers = await openTeachers(config, material, context, make);
    try {
      return await lessonsOf(config, teachers, material, make);
    } catch (error) {
      await closeTeachers(teachers);
      throw error;
    }
  });
}

async function openTeachers(
  { dataset_configs, model_name }: OnPolicyDistillationConfig,
  { tokenizer }: RLDatasetContext,
  context: TrainingContext,
  make: Make,
): Promise<Teacher[]> {
  const teachers: Teacher[] = [];
  try {
    for (const [i, { teacher }] of dataset_configs.entries()) {
      const field = `dataset_configs[${i}].teacher`;
      teachers.push(await openTeacher(teacher, { model_name, tokenizer }, context, { make, field }));
    }
    return teachers;
  } catch (error) {
    await closeTeachers(teachers);
    throw error;
  }
}

async function lessonsOf(
  { dataset_configs, advantage, kl_penalty_coef, kl_discount_factor, reward_coef }: OnPolicyDistillationConfig,
  teachers: readonly Teacher[],
  material: LessonMaterial,
  make: Make,
): Promise<Lessons> {
  const contextLength = commonContext(teachers, material);
  const parts = await Promise.all(
    dataset_configs.map(async ({ dataset, name }, i) => {
      const given = checkedDatasets(
        await make(dataset, { ...material, maxContextLength: contextLength }),
        dataset.builder,
      );
      return { ...given, name: name ?? `dataset_${i}` };
    }),
  );
  const taught = dataset_configs.map(({ name }, i) => ({ teacher: teachers[i], name }));
  const judged = teacherAdvantages(taught, { coef: kl_penalty_coef, discount: kl_discount_factor });
  const datasets = compositeDatasets(parts, material.warn);
  return {
    ...datasets,
    advantages: {
      ofEpisodes: (groups_P) =>
        computeAdvantages(groups_P, advantage).map((advantages_G) => advantages_G.map((value) => reward_coef * value)),
      ofTokens: judged,
    },
    contextLength,
    close: async () => {
      await closeTeachers(teachers);
      await datasets.close?.();
    },
  };
}

/** What the student and all of its teachers can read. A teacher scores a sequence with room for another token. */
function commonContext(teachers: readonly Teacher[], { maxContextLength, notify }: LessonMaterial): number {
  const shortest = teachers.reduce((a, b) => (b.maxContextLength < a.maxContextLength ? b : a));
  const judged = shortest.maxContextLength - 1;
  if (judged >= maxContextLength) return maxContextLength;
  notify(`episodes are cut at ${judged} tokens, which is what ${shortest.description} can judge`);
  return judged;
}
