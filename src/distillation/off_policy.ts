// Off-policy distillation: fixed data, of which a teacher says what it would expect at every position, and a student that learns to
// expect the same (tinker_cookbook/distillation/train_off_policy.py, which never shuffles again and may mix shapes of targets).

import type { Make } from '../registry/slot.ts';
import { oneAfterAnother } from '../supervised/batches.ts';
import { type BatchLoss, trainOnBatches } from '../supervised/loop.ts';
import type { SupervisedDatasets } from '../supervised/types.ts';
import { maxContextLengthOf } from '../tinker/capabilities.ts';
import { type Datum, positionsOf } from '../tinker/types.ts';
import { buildEvaluators } from '../training/build_evaluators.ts';
import { type EvaluationInput, type Evaluator, renamed } from '../training/evaluator.ts';
import { openModel } from '../training/open_model.ts';
import type { Metrics, TrainingContext, TrainingOutcome } from '../training/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import { canonicalJson, isJsonObject, type JsonObject } from '../util/json.ts';
import { countsByWeight, type Mixed, mixedDataset } from './mixed_dataset.ts';
import { metricOfDataset, type OffPolicyConfig } from './off_policy_fields.ts';
import { countTargets, logprobsOf, SoftTargetSums } from './soft_metrics.ts';
import { crossEntropyTargets, teacherTargets } from './soft_targets.ts';
import { TargetStore } from './target_store.ts';
import { closeTeachers, openTeacher, type Teacher } from './teacher.ts';

/** A datum of the data, as one with the distribution of the teacher of its dataset. */
type Score = (datum: Datum, dataset: number, signal: AbortSignal) => Promise<Datum>;

export async function trainOffPolicy(
  config: OffPolicyConfig,
  context: TrainingContext,
  make: Make,
): Promise<TrainingOutcome> {
  const { service, seed, emit, signal, logPath } = context;
  const notify = (message: string) => emit({ type: 'notice', message });
  const warn = (message: string) => emit({ type: 'warning', message });
  const counts = countsOf(config);
  const { tokenizer, renderer, rendererRef, openClient } = await openModel(config, context, make);
  const student = { model_name: config.model_name, tokenizer };
  const teachers: Teacher[] = [];
  const store = await TargetStore.open(logPath, context.lost);
  try {
    for (const [i, { teacher }] of config.dataset_configs.entries()) {
      teachers.push(await openTeacher(teacher, student, context, { make, field: `dataset_configs[${i}].teacher` }));
    }
    const own = await maxContextLengthOf(service, config.model_name);
    const datasets = await Promise.all(
      config.dataset_configs.map(({ dataset }, i) => {
        // Behind what it scores a teacher has to have room for another token.
        const maxContextLength = Math.min(own, teachers[i].maxContextLength - 1);
        return make(dataset, { tokenizer, renderer, maxContextLength, seed, warn, notify, signal });
      }),
    );
    const train = mixedDataset(
      datasets.map(({ train: dataset }, i) => ({
        name: `dataset_configs[${i}].dataset`,
        dataset,
        count: counts?.[i] ?? null,
      })),
    );
    const { n_teacher_targets: K } = config;
    // Rows that come once need no place on the disk; held-out ones come with every evaluation.
    const comesAgain = config.num_epochs > 1;
    const teacherOf = (dataset: number) => identityOfTeacher(context.identity, dataset);
    const score = async (datum: Datum, dataset: number, abort: AbortSignal, keep: boolean): Promise<Datum> => {
      const { client } = teachers[dataset];
      const asked = { client, K, signal: abort };
      const targets = keep
        ? await store.of(datum, { ...asked, teacher: teacherOf(dataset) })
        : await teacherTargets(client, datum, asked);
      return crossEntropyTargets(datum, targets, K);
    };
    const loss = softLoss(
      (datum, dataset, abort) => score(datum, dataset, abort, comesAgain),
      context,
      teachers.length,
    );
    const tests = datasets.flatMap(({ test }) => test ?? []);
    const test = tests.length === 0 ? null : oneAfterAnother(tests);
    const heldOut = heldOutEvaluators(datasets, (datum, dataset, abort) => score(datum, dataset, abort, true));
    const measured = { tokenizer, renderer, test, own: [...heldOut, ...broughtBy(datasets)] };
    const evaluators = await buildEvaluators(config, measured, context, make);
    const parts = { openClient, train, loss, renderer: rendererRef };
    return await trainOnBatches(config, { ...parts, ...evaluators }, context);
  } finally {
    try {
      await store.close();
    } finally {
      await closeTeachers(teachers);
    }
  }
}

/** Tells what the teacher of a dataset is asked from what others are, whatever else their runs are: for how long they train, say. */
function identityOfTeacher(
  { model_name, service = null, n_teacher_targets = null, ...spec }: JsonObject,
  dataset: number,
): string {
  const entry = Array.isArray(spec.dataset_configs) ? spec.dataset_configs[dataset] : null;
  const teacher = isJsonObject(entry) ? (entry.teacher ?? null) : null;
  return canonicalJson({ model_name, service, n_teacher_targets, teacher });
}

/** Examples of each dataset in a batch; null where its own batch_size says so. */
export function countsOf({
  batch_size,
  dataset_configs,
}: Pick<OffPolicyConfig, 'batch_size' | 'dataset_configs'>): number[] | null {
  const weights = dataset_configs.map(({ weight }) => weight);
  if (batch_size !== null) return countsByWeight(batch_size, weights);
  if (weights.every((weight) => weight === 1)) return null;
  throw new ConfigurationError('weights divide the batch_size of the trainer, which is not set', {
    hint: 'Set batch_size beside dataset_configs, or say with the batch_size of each dataset how many of it are in a batch.',
  });
}

/** Cross-entropy with the teachers' distributions in the place of single tokens. */
function softLoss(score: Score, { signal }: TrainingContext, datasets: number): BatchLoss<Mixed<Datum>> {
  return {
    metric: 'train/cross_entropy',
    async submit(batch, { journal, timer }) {
      const data = await journal.stoppable(() =>
        timer.timed('teacher', () => Promise.all(batch.map(({ example, dataset }) => score(example, dataset, signal)))),
      );
      const forwardBackward = await journal.client.forwardBackward(data, 'cross_entropy', {}, { logprobs: 'trained' });
      return async () => {
        const output = await timer.timed('forward_backward', () => forwardBackward.result());
        const logprobs_D = logprobsOf(output);
        const totals = sumsOf(data, logprobs_D);
        const of = (dataset: number) => (_: unknown, d: number) => batch[d].dataset === dataset;
        const parts = Array.from({ length: datasets > 1 ? datasets : 0 }, (_, i) => [
          metricOfDataset('train/kl', i, datasets),
          sumsOf(data.filter(of(i)), logprobs_D.filter(of(i))).kl,
        ]);
        const metrics: Metrics = {
          batch_size: batch.length,
          num_tokens: positionsOf(data),
          num_loss_tokens: countTargets(data),
          'train/loss:sum': output.metrics['loss:sum'],
          ...totals.means('train'),
          ...Object.fromEntries(parts),
        };
        return metrics;
      };
    },
  };
}

function sumsOf(data: readonly Datum[], logprobs_D: readonly ArrayLike<number>[]): SoftTargetSums {
  const sums = new SoftTargetSums();
  for (const [d, datum] of data.entries()) sums.add(datum, logprobs_D[d]);
  return sums;
}

/** `test/*` as `train/*`, over the whole held-out sets. */
function heldOutEvaluators(datasets: readonly SupervisedDatasets[], score: Score): Evaluator[] {
  const tests = datasets.flatMap(({ test }, dataset) => (test === null ? [] : [{ test, dataset }]));
  if (tests.length === 0) return [];
  const measure = async ({ training, signal }: EvaluationInput): Promise<Metrics> => {
    const all = new SoftTargetSums();
    const own: Metrics = {};
    for (const { test, dataset } of tests) {
      const part = new SoftTargetSums();
      for (let index = 0; index < test.length; index++) {
        signal.throwIfAborted();
        const batch = await test.getBatch(index);
        const data = await Promise.all(batch.map((datum) => score(datum, dataset, signal)));
        const output = await (await training.forward(data, 'cross_entropy', {}, { logprobs: 'trained' })).result();
        for (const [d, logprobs] of logprobsOf(output).entries()) {
          all.add(data[d], logprobs);
          part.add(data[d], logprobs);
        }
      }
      if (datasets.length > 1) own[metricOfDataset('test/kl', dataset, datasets.length)] = part.kl;
    }
    return { ...all.means('test'), ...own };
  };
  return [{ evaluate: measure }];
}

/** What the datasets have to measure of their held-out parts; where there are several, each under names of its own. */
function broughtBy(datasets: readonly SupervisedDatasets[]): Evaluator[] {
  return datasets.flatMap(({ evaluators = [] }, dataset) =>
    evaluators.map((evaluator) => renamed(evaluator, (metric) => metricOfDataset(metric, dataset, datasets.length))),
  );
}
