// Generalised knowledge distillation: replies of the data, of the teacher or of the student itself, along which the student learns the
// teacher's distribution by a divergence between forward and reverse KL (arXiv 2306.13649, GKDTrainer of TRL).

import type { Make } from '../registry/slot.ts';
import type { Renderer } from '../renderers/types.ts';
import { type BatchLoss, type Submission, trainOnBatches } from '../supervised/loop.ts';
import { maxContextLengthOf } from '../tinker/capabilities.ts';
import { type Datum, positionsOf } from '../tinker/types.ts';
import { buildEvaluators } from '../training/build_evaluators.ts';
import type { Evaluator } from '../training/evaluator.ts';
import { openModel } from '../training/open_model.ts';
import type { TrainingContext, TrainingOutcome } from '../training/types.ts';
import { nextUniform, randomFor, seedFor } from '../util/random.ts';
import { completionDatum, countOf, divergenceLoss, sampleCompletions } from './completions.ts';
import type { Demonstration, DemonstrationDataset } from './demonstrations.ts';
import { generalizedJsd } from './divergence.ts';
import type { GkdConfig } from './gkd_fields.ts';
import { demonstrationDatum, heldOutReplies } from './held_out_replies.ts';
import { logprobsOf } from './soft_metrics.ts';
import { softDatum, type TeacherTargets, teacherTargets } from './soft_targets.ts';
import { openTeacher, type Teacher } from './teacher.ts';

export async function trainGkd(config: GkdConfig, context: TrainingContext, make: Make): Promise<TrainingOutcome> {
  const { service, seed, emit, signal } = context;
  const notify = (message: string) => emit({ type: 'notice', message });
  const warn = (message: string) => emit({ type: 'warning', message });
  const { tokenizer, renderer, rendererRef, openClient } = await openModel(config, context, make);
  const student = { model_name: config.model_name, tokenizer };
  const teacher = await openTeacher(config.teacher, student, context, { make, field: 'teacher' });
  try {
    const own = await maxContextLengthOf(service, config.model_name);
    // Behind what it scores a teacher has to have room for another token.
    const maxContextLength = Math.min(own, teacher.maxContextLength - 1);
    const material = { tokenizer, renderer, maxContextLength, seed, warn, notify, signal };
    const { train, test } = await make(config.dataset, material);
    const surroundings = { config, renderer, teacher, context, maxContextLength };
    const heldOut =
      test === null
        ? { test: null }
        : { test: heldOutReplies(test, renderer), own: [heldOutEvaluator(test, surroundings)] };
    const evaluators = await buildEvaluators(config, { tokenizer, renderer, ...heldOut }, context, make);
    const parts = { openClient, train, loss: gkdLoss(surroundings), renderer: rendererRef };
    return await trainOnBatches(config, { ...parts, ...evaluators }, context);
  } finally {
    await teacher.close();
  }
}

interface Surroundings {
  config: GkdConfig;
  renderer: Renderer;
  teacher: Teacher;
  context: TrainingContext;
  maxContextLength: number;
}

function gkdLoss(surroundings: Surroundings): BatchLoss<Demonstration> {
  const { config, context } = surroundings;
  return {
    metric: 'gkd_loss',
    async submit(batch, submission) {
      const { journal, step, timer } = submission;
      const onPolicy = nextUniform(randomFor(context.seed, 'gkd', step)) < config.lmbda;
      const { data, compared } = await journal.stoppable(async () => {
        const replies = await repliesTo(batch, onPolicy, { ...surroundings, ...submission });
        return await timer.timed('teacher', () => compare(replies, surroundings));
      });
      const forwardBackward = await timer.timed('forward_backward', () =>
        journal.client.forwardBackwardCustom(data, divergenceLoss(compared), { logprobs: 'trained' }),
      );
      return async () => {
        const { metrics } = await timer.timed('train', () => forwardBackward.result());
        return {
          gkd_loss: metrics['loss:sum'],
          on_policy: onPolicy ? 1 : 0,
          num_sequences: data.length,
          num_tokens: positionsOf(data),
          num_loss_tokens: compared.targets_D.reduce((sum, targets) => sum + countOf(targets), 0),
        };
      };
    },
  };
}

/** The replies that a batch is learned from. */
async function repliesTo(
  batch: readonly Demonstration[],
  onPolicy: boolean,
  { config, renderer, teacher, context, maxContextLength, journal, step, timer }: Surroundings & Submission,
): Promise<Datum[]> {
  if (!onPolicy && !config.seq_kd) return batch.map((demonstration) => demonstrationDatum(demonstration, renderer));
  const { max_new_tokens, temperature } = config;
  const prompts = batch.map(({ prompt }) => renderer.buildGenerationPrompt(prompt));
  const client = onPolicy ? await journal.client.saveWeightsAndGetSamplingClient() : teacher.client;
  const options = {
    max_tokens: max_new_tokens,
    contextLength: maxContextLength,
    temperature,
    stop: renderer.getStopSequences(),
    seedOf: (i: number) => seedFor(context.seed, 'gkd', step, i),
    signal: context.signal,
  };
  const completions = await timer
    .timed('sample', () => sampleCompletions(client, prompts, options))
    .finally(() => (onPolicy ? client.close() : undefined));
  return completions.map((completion, i) => completionDatum(prompts[i], completion));
}

/** Data of shape (N, K), and what of it is compared; the loss is a mean over the tokens of the replies. */
async function compare(replies: readonly Datum[], { config, teacher, context }: Surroundings) {
  const { n_teacher_targets: K, beta } = config;
  const asked = { K, signal: context.signal };
  const targets_D = await Promise.all(replies.map((datum) => teacherTargets(teacher.client, datum, asked)));
  const data = replies.map((datum, d) =>
    softDatum(datum, targets_D[d], { K, weigh: ({ tokens }) => tokens.map(() => 1) }),
  );
  const scale_D = replies.map(() => 1 / targets_D.reduce((sum, targets) => sum + countOf(targets), 0));
  const compared = {
    targets_D: targets_D satisfies readonly TeacherTargets[],
    K,
    scale_D,
    compare: (student_K: Float32Array, top: { logprobs: number[] }) =>
      generalizedJsd(student_K, top.logprobs, { beta }),
  };
  return { data, compared };
}

/** `test/gkd_loss`: the divergence along the answers of the held-out data, a token. */
function heldOutEvaluator(test: DemonstrationDataset, surroundings: Surroundings): Evaluator {
  return {
    async evaluate({ training, signal }) {
      let loss = 0;
      let count = 0;
      for (let index = 0; index < test.length; index++) {
        signal.throwIfAborted();
        const batch = await test.getBatch(index);
        const replies = batch.map((demonstration) => demonstrationDatum(demonstration, surroundings.renderer));
        const { data, compared } = await compare(replies, surroundings);
        const output = await (await training.forward(data, 'cross_entropy', {}, { logprobs: 'trained' })).result();
        const logprobs_D = logprobsOf(output).map((logprobs) => Float32Array.from(logprobs));
        const tokens = compared.targets_D.reduce((sum, targets) => sum + countOf(targets), 0);
        loss += divergenceLoss(compared)(data, logprobs_D).loss * tokens;
        count += tokens;
      }
      return { 'test/gkd_loss': loss / count };
    },
  };
}
