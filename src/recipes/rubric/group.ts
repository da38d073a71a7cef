// Replies to one prompt, judged by its rubric when all of them are there.

import { textOf } from '../../preference/models/rules.ts';
import type { Message, Renderer } from '../../renderers/types.ts';
import { promptEnv } from '../../rl/prompt_env.ts';
import type { EnvGroupBuilder, EnvMetrics, GroupReward, StepOptions, Trajectory } from '../../rl/types.ts';
import { ruleScore } from './rules.ts';
import type { RubricDatapoint, RubricItem, RubricJudge } from './types.ts';

export interface RubricGroupOptions {
  renderer: Renderer;
  maxContextLength: number;
  judge: RubricJudge;
  groupSize: number;
  /** What a reply costs that does not come to its end. */
  formatCoef: number;
}

/** What was said of one item of a reply. */
interface ItemScore {
  item: RubricItem;
  score: number | null;
}

/**
 * Reward: the mean score of the items that could be judged, and formatCoef · (format − 1). A reply of which nothing could be judged has the
 * mean of the others of its group, so that it neither gains nor loses by it: 0 would punish the policy for its judge.
 */
export function rubricGroup(datapoint: RubricDatapoint, options: RubricGroupOptions): EnvGroupBuilder {
  const { renderer, maxContextLength, judge, groupSize, formatCoef } = options;
  const asked = { renderer, maxContextLength, overflowReward: -formatCoef };
  return {
    makeEnvs: async () => Array.from({ length: groupSize }, () => promptEnv(datapoint.convo, asked)),
    async computeGroupRewards(trajectories_G, _, step) {
      const replies_G = trajectories_G.map((trajectory) => lastReply(trajectory, renderer));
      const judged = await judgedOnce(replies_G, datapoint, judge, step);
      const scores_G = judged.map(meanScore);
      const known = scores_G.filter((score) => score !== null);
      const otherwise = known.reduce((sum, score) => sum + score, 0) / Math.max(1, known.length);
      return replies_G.map(({ message, valid }, g): GroupReward => {
        const format = valid ? 1 : 0;
        const metrics = {
          format,
          judged_by_model: judge.kind === 'model' ? 1 : 0,
          ...judgementMetrics(judged[g], message),
        };
        return { reward: (scores_G[g] ?? otherwise) + formatCoef * (format - 1), metrics };
      });
    },
    loggingTags: () => ['rubric'],
    oneQuestion: true,
  };
}

/** Replies that are the same are judged once. All questions are asked at once. */
async function judgedOnce(
  replies_G: readonly { message: Message }[],
  { convo, rubric_items }: RubricDatapoint,
  judge: RubricJudge,
  step: StepOptions | undefined,
): Promise<ItemScore[][]> {
  const known = new Map<string, Promise<ItemScore[]>>();
  return await Promise.all(
    replies_G.map(({ message }) => {
      const key = JSON.stringify(message);
      const completion = { prompt_conversation: convo, completion: [message] };
      const scores =
        known.get(key) ??
        Promise.all(rubric_items.map(async (item) => ({ item, score: await judge.score(item, completion, step) })));
      known.set(key, scores);
      return scores;
    }),
  );
}

function meanScore(items: readonly ItemScore[]): number | null {
  const read = items.flatMap(({ score }) => score ?? []);
  return read.length === 0 ? null : read.reduce((sum, score) => sum + score, 0) / read.length;
}

/** `truth_score` and `judge_agrees` of items with a rule: they show where a policy learns what its judge likes, and no more. */
function judgementMetrics(items: readonly ItemScore[], reply: Message): EnvMetrics {
  const text = textOf([reply]);
  const score = meanScore(items);
  const ruled = items.flatMap(({ item: { rule }, score }) => {
    const truth = rule === null ? null : ruleScore(rule, text);
    return truth === null ? [] : [{ score, truth }];
  });
  const compared = ruled.flatMap(({ score, truth }) => (score === null ? [] : [score >= 0.5 === truth >= 0.5]));
  const metrics: EnvMetrics = { unreadable: items.filter((each) => each.score === null).length / items.length };
  if (score !== null) metrics.rubric_score = score;
  if (ruled.length > 0) metrics.truth_score = ruled.reduce((sum, { truth }) => sum + truth, 0) / ruled.length;
  if (compared.length > 0) metrics.judge_agrees = compared.filter((agrees) => agrees).length / compared.length;
  return metrics;
}

/** What an episode said; valid where it came to the renderer's own end. */
function lastReply({ transitions }: Trajectory, renderer: Renderer): { message: Message; valid: boolean } {
  const tokens = transitions.at(-1)?.ac.tokens ?? [];
  const { message, termination } = renderer.parseResponse([...tokens]);
  return { message, valid: termination === 'stop_sequence' };
}
