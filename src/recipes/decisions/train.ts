// The trainer `decisions`: the probabilities of choices are read from one position, and learned by a proper scoring rule of them
// (tinker_cookbook/recipes/decisions).

import type { Make } from '../../registry/slot.ts';
import type { Renderer } from '../../renderers/types.ts';
import { batchedDataset } from '../../supervised/batches.ts';
import { colorizeExample } from '../../supervised/colorize.ts';
import { type BatchLoss, trainOnBatches } from '../../supervised/loop.ts';
import type { BatchedDataset } from '../../supervised/types.ts';
import { maxContextLengthOf } from '../../tinker/capabilities.ts';
import { type Datum, positionsOf } from '../../tinker/types.ts';
import { buildEvaluators } from '../../training/build_evaluators.ts';
import type { Evaluator } from '../../training/evaluator.ts';
import { openModel } from '../../training/open_model.ts';
import type { Metrics, TrainingContext, TrainingOutcome } from '../../training/types.ts';
import { DataValidationError } from '../../util/errors.ts';
import { choiceLoss, type ScoringRule, softmax } from './choice_loss.ts';
import { choiceDatum, choiceLogprobs, choicePrompts } from './choice_prompt.ts';
import type { DecisionsConfig } from './fields.ts';
import { type Forecast, forecastMetrics } from './forecast_scores.ts';
import type { Decision } from './types.ts';

/** A decision as it is asked. */
interface AskedDecision {
  decision: Decision;
  datum: Datum;
}

export async function trainDecisions(
  config: DecisionsConfig,
  context: TrainingContext,
  make: Make,
): Promise<TrainingOutcome> {
  const { service, seed, emit, signal } = context;
  const { tokenizer, renderer, rendererRef, openClient } = await openModel(config, context, make);
  const warn = (message: string) => emit({ type: 'warning', message });
  const notify = (message: string) => emit({ type: 'notice', message });
  const { train, test } = await make(config.dataset, { seed, warn, notify, signal });
  const most = await maxContextLengthOf(service, config.model_name);
  const ask = asker(renderer, config.system_prompt, most);
  const trained = train.map(ask);
  const [first] = trained;
  if (first === undefined) throw new DataValidationError('there are no decisions to learn from');
  emit({ type: 'text', title: 'first example', text: `${colorizeExample(shownDatum(first), tokenizer)}\n` });
  const examples: BatchedDataset<AskedDecision> = batchedDataset({
    length: trained.length,
    exampleAt: (index) => trained[index],
    batchSize: config.batch_size,
    shuffleSeeds: [seed],
  });
  const own = test.length === 0 ? [] : [heldOut(test.map(ask), config)];
  const evaluators = await buildEvaluators(config, { tokenizer, renderer, test: null, own }, context, make);
  const parts = { openClient, train: examples, loss: decisionLoss(config.loss_fn), renderer: rendererRef };
  return await trainOnBatches(config, { ...parts, ...evaluators }, context);
}

function asker(renderer: Renderer, system: string | null, most: number): (decision: Decision) => AskedDecision {
  const promptOf = choicePrompts(renderer, system);
  return (decision) => {
    const prompt = promptOf(decision);
    if (prompt.tokens.length <= most) return { decision, datum: choiceDatum(prompt) };
    throw new DataValidationError(
      `a decision has ${prompt.tokens.length} tokens, more than the ${most} that the model reads: ${decision.text.slice(0, 80)}`,
    );
  };
}

function decisionLoss(rule: ScoringRule): BatchLoss<AskedDecision> {
  return {
    metric: 'loss',
    async submit(batch, { journal, timer }) {
      const data = batch.map(({ datum }) => datum);
      let measured: Metrics = {};
      const lossOf = (_: unknown, logprobs_D_T: readonly ArrayLike<number>[]) => {
        const scored = batch.map(({ decision: { target } }, d) =>
          choiceLoss(rule, target, choiceLogprobs(logprobs_D_T[d], target.length)),
        );
        const loss = scored.reduce((sum, each) => sum + each.loss, 0) / batch.length;
        const forecasts = batch.map(({ decision }, d) => forecastOf(decision, scored[d].p));
        const { accuracy, brier } = forecastMetrics(forecasts);
        measured = { loss, 'target_prob:mean': meanTarget(forecasts), accuracy, brier };
        const grads_D_T = scored.map(({ grads }, d) => {
          const all = new Float32Array(logprobs_D_T[d].length);
          all.set(
            grads.map((grad) => grad / batch.length),
            all.length - grads.length,
          );
          return all;
        });
        return { loss, grads_D_T };
      };
      const step = await timer.timed('forward_backward', () =>
        journal.client.forwardBackwardCustom(data, lossOf, { logprobs: 'trained' }),
      );
      return async () => {
        await timer.timed('train', () => step.result());
        return { num_decisions: batch.length, num_tokens: positionsOf(data), ...measured };
      };
    },
  };
}

/** `test/*` of the decisions that are held out; those of a tag that not all have under `test/TAG/*` too. */
function heldOut(asked: readonly AskedDecision[], { batch_size, loss_fn }: DecisionsConfig): Evaluator {
  return {
    async estimate() {
      return { tokens: { prefill: positionsOf(asked.map(({ datum }) => datum)) }, atMost: false };
    },
    async evaluate({ training, signal }) {
      const forecasts: Forecast[] = [];
      for (let from = 0; from < asked.length; from += batch_size) {
        signal.throwIfAborted();
        const batch = asked.slice(from, from + batch_size);
        const data = batch.map(({ datum }) => datum);
        const output = await (
          await training.forward(data, 'cross_entropy', undefined, { logprobs: 'trained' })
        ).result();
        for (const [d, { decision }] of batch.entries()) {
          const { logprobs } = output.loss_fn_outputs[d];
          forecasts.push(forecastOf(decision, softmax(choiceLogprobs(logprobs.data, decision.choices.length))));
        }
      }
      const all = forecastMetrics(forecasts);
      const metrics: Metrics = { loss: loss_fn === 'log' ? all.log_loss : all.brier, ...all };
      const tags = new Set(asked.flatMap(({ decision }) => decision.tags));
      for (const tag of tags) {
        const tagged = forecasts.filter((_, i) => asked[i].decision.tags.includes(tag));
        if (tagged.length === forecasts.length) continue;
        for (const [name, value] of Object.entries(forecastMetrics(tagged))) metrics[`${tag}/${name}`] = value;
      }
      return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`test/${name}`, value]));
    },
  };
}

const forecastOf = ({ target, truth }: Decision, p: readonly number[]): Forecast => ({ p, target, truth });

const meanTarget = (forecasts: readonly Forecast[]): number =>
  forecasts.reduce((sum, { p, target }) => sum + p.reduce((total, each, k) => total + each * target[k], 0), 0) /
  forecasts.length;

/** As it is trained for people: the likeliest target behind the prompt. */
function shownDatum({ decision: { target }, datum: { model_input, loss_fn_inputs } }: AskedDecision): Datum {
  const K = target.length;
  const { target_tokens } = loss_fn_inputs;
  const N = target_tokens.data.length / K;
  const chosen = target.indexOf(Math.max(...target));
  const data = Array.from({ length: N }, (_, n) => target_tokens.data[n * K + (n === N - 1 ? chosen : 0)]);
  const weights = Array.from({ length: N }, (_, n) => (n === N - 1 ? 1 : 0));
  return {
    model_input,
    loss_fn_inputs: {
      target_tokens: { data, dtype: 'int64', shape: [N] },
      weights: { data: weights, dtype: 'float32', shape: [N] },
    },
  };
}
