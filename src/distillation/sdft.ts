// Self-distillation from demonstrations: the model as it was at first, which may look at a demonstration, teaches what it would say
// to the student, which may not, along replies of the student's own (tinker_cookbook/distillation/sdft.py; arXiv 2601.19897).

import type { Make } from '../registry/slot.ts';
import type { Renderer } from '../renderers/types.ts';
import { type BatchLoss, type Submission, trainOnBatches } from '../supervised/loop.ts';
import { maxContextLengthOf } from '../tinker/capabilities.ts';
import { type Datum, lengthOf, modelInputFromTokens, tokensOf } from '../tinker/types.ts';
import { buildEvaluators } from '../training/build_evaluators.ts';
import { openModel } from '../training/open_model.ts';
import type { Metrics, TrainingContext, TrainingOutcome } from '../training/types.ts';
import type { JsonObject } from '../util/json.ts';
import { seedFor } from '../util/random.ts';
import { completionDatum, countOf, divergenceLoss, sampleCompletions } from './completions.ts';
import type { Demonstration } from './demonstrations.ts';
import { reverseKl } from './divergence.ts';
import { heldOutReplies } from './held_out_replies.ts';
import type { SdftConfig } from './sdft_fields.ts';
import { logprobsOf, SoftTargetSums } from './soft_metrics.ts';
import { renormalized, requireTop, softDatum, type TeacherTargets, topTokens } from './soft_targets.ts';
import { SyncedTeacher } from './synced_teacher.ts';
import { teacherPrompt } from './teacher_prompt.ts';

export async function trainSdft(config: SdftConfig, context: TrainingContext, make: Make): Promise<TrainingOutcome> {
  const { service, seed, emit, signal } = context;
  const notify = (message: string) => emit({ type: 'notice', message });
  const warn = (message: string) => emit({ type: 'warning', message });
  const { tokenizer, renderer, rendererRef, openClient } = await openModel(config, context, make);
  const maxContextLength = await maxContextLengthOf(service, config.model_name);
  const material = { tokenizer, renderer, maxContextLength, seed, warn, notify, signal };
  const { train, test } = await make(config.dataset, material);
  const measured = { tokenizer, renderer, test: test === null ? null : heldOutReplies(test, renderer) };
  const teacher = new SyncedTeacher(config, context, config.teacher_sync_every);
  try {
    const loss = sdftLoss(config, { renderer, teacher, context, maxContextLength });
    const kept = { state: () => teacher.state(), restore: (state: JsonObject) => teacher.restore(state) };
    const parts = { openClient, train, loss, renderer: rendererRef, ...kept };
    const evaluators = await buildEvaluators(config, measured, context, make);
    return await trainOnBatches(config, { ...parts, ...evaluators }, context);
  } finally {
    await teacher.close();
  }
}

interface Surroundings {
  renderer: Renderer;
  teacher: SyncedTeacher;
  context: TrainingContext;
  maxContextLength: number;
}

/** A reply of the student with what the teacher expects along it. */
interface TaughtReply {
  datum: Datum;
  targets: TeacherTargets;
  completionTokens: number;
  /** Whether the teacher had no room for all of it. */
  truncated: boolean;
}

function sdftLoss(config: SdftConfig, surroundings: Surroundings): BatchLoss<Demonstration> {
  const { topk: K, reverse, length_normalized } = config;
  let told = false;
  return {
    metric: 'sdft/loss',
    async submit(batch, submission) {
      const { journal, timer } = submission;
      const replies = await journal.stoppable(() => teach(batch, config, { ...surroundings, ...submission }));
      const taught = replies.filter(({ targets }) => countOf(targets) > 0);
      const about = aboutReplies(replies, taught, K);
      if (taught.length === 0) {
        if (!told) {
          const message = `step ${submission.step}: no reply has a token to train behind the first ${config.skip_first_n_tokens} (skip_first_n_tokens)`;
          surroundings.context.emit({ type: 'warning', message });
        }
        told = true;
        return { skipped: about };
      }
      const scale_D = taught.map(({ targets }) => (length_normalized ? 1 / countOf(targets) : 1));
      if (!reverse) {
        const data = taught.map(({ datum, targets }, d) =>
          softDatum(datum, targets, { K, weigh: (top) => renormalized(top).map((p) => p * scale_D[d]) }),
        );
        const forwardBackward = await journal.client.forwardBackward(
          data,
          'cross_entropy',
          {},
          { logprobs: 'trained' },
        );
        return async () => {
          const output = await timer.timed('forward_backward', () => forwardBackward.result());
          const sums = new SoftTargetSums();
          for (const [d, logprobs] of logprobsOf(output).entries()) sums.add(data[d], logprobs);
          return { 'sdft/loss': output.metrics['loss:sum'], 'sdft/kl': sums.kl, ...about };
        };
      }
      const data = taught.map(({ datum, targets }) =>
        softDatum(datum, targets, { K, weigh: ({ tokens }) => tokens.map(() => 1) }),
      );
      const positions = { kl: 0, entropy: 0, count: 0 };
      const compare: Parameters<typeof divergenceLoss>[0]['compare'] = (student_K, top) => {
        const divergence = reverseKl(student_K, top.logprobs);
        positions.kl += divergence.value;
        positions.entropy += entropyOf(renormalized({ tokens: top.tokens, logprobs: [...student_K] }));
        positions.count += 1;
        return divergence;
      };
      const lossOf = divergenceLoss({ targets_D: taught.map(({ targets }) => targets), K, scale_D, compare });
      const forwardBackward = await timer.timed('forward_backward', () =>
        journal.client.forwardBackwardCustom(data, lossOf, { logprobs: 'trained' }),
      );
      return async () => {
        const { metrics } = await timer.timed('train', () => forwardBackward.result());
        return {
          'sdft/loss': metrics['loss:sum'],
          'sdft/reverse_kl_loss': metrics['loss:sum'],
          'sdft/reverse_kl_mean': positions.kl / positions.count,
          'sdft/student_entropy_mean': positions.entropy / positions.count,
          'sdft/reverse_kl_positions': positions.count,
          ...about,
        };
      };
    },
  };
}

/** Replies of the student as it is now, and what the teacher would have said at each of their tokens. */
async function teach(
  batch: readonly Demonstration[],
  { topk: K, group_size, skip_first_n_tokens, teacher_template, max_tokens, temperature }: SdftConfig,
  { renderer, teacher, context, maxContextLength, journal, step, timer }: Surroundings & Submission,
): Promise<TaughtReply[]> {
  const { seed, signal } = context;
  const client = await teacher.at(step, journal.client);
  const asked = batch.flatMap((demonstration) => Array.from({ length: group_size }, () => demonstration));
  const prompts = asked.map(({ prompt }) => renderer.buildGenerationPrompt(prompt));
  const student = await journal.client.saveWeightsAndGetSamplingClient();
  const completions = await timer
    .timed('sample', () =>
      sampleCompletions(student, prompts, {
        max_tokens,
        contextLength: maxContextLength,
        temperature,
        stop: renderer.getStopSequences(),
        seedOf: (i) => seedFor(seed, 'sdft', step, i),
        signal,
      }),
    )
    .finally(() => student.close());
  return await timer.timed('teacher', () =>
    Promise.all(
      completions.map(async (completion, i): Promise<TaughtReply> => {
        const datum = completionDatum(prompts[i], completion);
        const shown = tokensOf(renderer.buildGenerationPrompt(teacherPrompt(asked[i], teacher_template)));
        // Behind what it scores a teacher has to have room for another token.
        const room = Math.max(0, maxContextLength - 1 - shown.length);
        const kept = completion.slice(0, room);
        const top =
          kept.length <= skip_first_n_tokens
            ? []
            : await topTokens(client, modelInputFromTokens([...shown, ...kept]), { K, signal });
        const first = lengthOf(prompts[i]) - 1;
        const targets = Array.from({ length: lengthOf(datum.model_input) }, (_, t) => {
          const at = t - first;
          if (at < skip_first_n_tokens || at >= kept.length) return null;
          return requireTop(top[shown.length + at], shown.length + at);
        });
        return { datum, targets, completionTokens: completion.length, truncated: kept.length < completion.length };
      }),
    ),
  );
}

function aboutReplies(replies: readonly TaughtReply[], taught: readonly TaughtReply[], K: number): Metrics {
  const entropies = taught.flatMap(({ targets }) =>
    targets.flatMap((top) => (top === null ? [] : [entropyOf(renormalized(top))])),
  );
  return {
    'sdft/teacher_truncated_count': replies.filter(({ truncated }) => truncated).length,
    'sdft/num_datums': taught.length,
    'sdft/topk': K,
    'sdft/total_completion_tokens': replies.reduce((sum, { completionTokens }) => sum + completionTokens, 0),
    ...(entropies.length > 0 && {
      'sdft/mean_teacher_entropy': entropies.reduce((sum, entropy) => sum + entropy, 0) / entropies.length,
    }),
    num_tokens: taught.reduce((sum, { datum }) => sum + lengthOf(datum.model_input), 0),
    num_loss_tokens: entropies.length,
  };
}

function entropyOf(probabilities: readonly number[]): number {
  return probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}
