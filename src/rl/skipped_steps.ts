// Steps that taught nothing: what the rows of a run say of them at its end, and what a user can do about it.

import type { Judgement, Metrics } from '../training/types.ts';
import { TrainingError } from '../util/errors.ts';
import { plural } from '../util/plural.ts';

/** Tells of a step without an update, which is none that went well. */
const SKIPPED_UPDATE = 'optim/skipped_update';

/** @param data what the step trains on */
export const skippedMetric = (data: readonly unknown[]): Metrics => (data.length === 0 ? { [SKIPPED_UPDATE]: 1 } : {});

/** Why a step had nothing to train on, by its row. */
const REASONS = {
  failed: {
    told: 'all groups failed',
    advice: 'rollout_error_tolerance=fail_fast ends a run with the first error of a group and its stack.',
  },
  constant: {
    told: 'the groups had one reward each and were left out',
    advice:
      'Groups of constant reward teach nothing: make the problems easier or harder, raise group_size or temperature, or set resample_constant_groups.',
  },
  alike: {
    told: 'all replies of a group were judged alike, and the groups were left out',
    advice:
      'Look at the judge: a preference_model that has learned nothing, or that was not trained on comparison_labels, says the same of all replies. Where it does tell them apart, raise group_size or temperature.',
  },
  nothing: {
    told: 'no token was to be trained',
    advice:
      'Nothing is trained of prompts that leave no room for an answer, of turns that are masked, and of what mask_truncated leaves out.',
  },
} as const;
type Reason = keyof typeof REASONS;

function reasonOf(row: Metrics, removesConstant: boolean): Reason {
  if (row['env/all/total_episodes'] === 0) return 'failed';
  const wasPlayed = row['env/all/total_ac_tokens'] !== 0;
  return removesConstant && wasPlayed && row['env/all/by_group/frac_mixed'] === 0 ? constantReason(row) : 'nothing';
}

/** Rewards that are comparisons with the rest of a group have nothing to do with how hard a problem is. */
const constantReason = (row: Metrics): 'alike' | 'constant' => (COMPARED in row ? 'alike' : 'constant');

/** What environments report whose rewards are comparisons. */
const COMPARED = 'env/all/win_minus_loss';

/**
 * A run that has never updated its policy has failed: what it would leave behind as trained is what it began with.
 * @param rows of metrics.jsonl, which are those of all attempts
 */
export function judgeSteps(
  rows: readonly Metrics[],
  config: { remove_constant_reward_groups: boolean; kl_penalty_coef: number },
): Judgement {
  // The row behind the last step is of an evaluation and trains nothing.
  const steps = rows.filter((row) => 'optim/lr' in row);
  // A step without an update and with a loss is that of a policy that is broken.
  const skipped = steps.filter((row) => row[SKIPPED_UPDATE] === 1 && row['loss:sum'] === undefined);
  if (skipped.length === 0) return { warnings: constantWarnings(steps, config), failure: null };
  const reasons = skipped.map((row) => reasonOf(row, config.remove_constant_reward_groups));
  const given = (['failed', 'alike', 'constant', 'nothing'] as const)
    .map((reason) => ({ ...REASONS[reason], count: reasons.filter((other) => other === reason).length }))
    .filter(({ count }) => count > 0);
  const failed = Number(steps.at(-1)?.['rollout_errors/groups_skipped'] ?? 0);
  const why = given.map(({ told, count }) => (given.length === 1 ? told : `in ${count} ${told}`)).join(', ');
  const inAll = failed === 0 ? '' : ` (${plural(failed, 'group')} failed in the run: rollout_errors/*)`;
  const summary = `${skipped.length} of ${plural(steps.length, 'step')} had nothing to train on: ${why}${inAll}`;
  // Tables cut long errors off, so that the reason goes first where it is one.
  const [only, ...others] = given;
  const cause =
    only === undefined || others.length > 0
      ? summary
      : `${only.told} in each of ${plural(steps.length, 'step')}${inAll}`;
  const advice = given.map(({ advice }) => advice).join(' ');
  const failure =
    skipped.length < steps.length
      ? null
      : new TrainingError(`the policy was never updated: ${cause}`, {
          hint: `${advice} No checkpoint is kept of a policy that has learned nothing, so the same command starts from the beginning.`,
        });
  return { warnings: [`${summary}. ${advice}`, ...constantWarnings(steps, config)], failure };
}

/** Of a run whose updates were all of advantage 0. Some such steps are usual, where a policy has learned what there is to learn. */
function constantWarnings(steps: readonly Metrics[], { kl_penalty_coef }: { kl_penalty_coef: number }): string[] {
  const updates = steps.filter((row) => row[SKIPPED_UPDATE] !== 1);
  const isConstant = updates.every((row) => row['env/all/by_group/frac_mixed'] === 0);
  // The penalty has advantages of its own.
  if (updates.length === 0 || !isConstant || kl_penalty_coef > 0) return [];
  return [
    `rewards have taught nothing: in no group did they differ (env/all/by_group/frac_mixed). ${REASONS[updates.some((row) => COMPARED in row) ? 'alike' : 'constant'].advice}`,
  ];
}
