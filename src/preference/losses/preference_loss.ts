// A preference loss as a spec names it, one or a mixture, checked once and then computed batch after batch.

import { closestNames, didYouMean } from '../../registry/suggest.ts';
import { completeLossConfig, lossConfigProblem } from '../../tinker/loss_settings.ts';
import type { LossFnConfig } from '../../tinker/types.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { PREFERENCE_LOSS_NAMES, PREFERENCE_LOSSES } from './table.ts';
import { ofAverages, plus } from './terms.ts';
import type { PairInputs, PairLossOutput, PreferenceLoss } from './types.ts';

export interface LossChoice {
  /** What each loss counts; of most specs one, with 1. */
  loss_weights: Readonly<Record<string, number>>;
  /** By name. Of a mixture each loss takes those that it has. */
  settings: LossFnConfig;
  /** Log-probs a token, in losses that would compare sums. */
  length_normalized: boolean;
}

export interface ChosenLoss {
  /** Whether log-probs under a reference are needed. */
  reference: boolean;
  /** What rewards are measured with: that of the first loss that has one. */
  beta: number;
  /** @throws ConfigurationError where a part of it compares two completions */
  requireUnpaired(): void;
  compute(inputs: PairInputs): PairLossOutput;
}

interface Part {
  loss: PreferenceLoss;
  weight: number;
  config: LossFnConfig;
  averages: boolean;
}

/** @throws ConfigurationError for a loss or a setting that is not known, and for a value that is out of its range */
export function chosenLoss({ loss_weights, settings, length_normalized }: LossChoice): ChosenLoss {
  const losses = Object.keys(loss_weights).map(lossOf);
  refuseUnknown(losses, settings);
  const parts = losses.map((loss): Part => {
    const config = Object.fromEntries(Object.entries(settings).filter(([name]) => Object.hasOwn(loss.settings, name)));
    const problem = lossConfigProblem(loss.name, loss.settings, config);
    if (problem !== null) throw new ConfigurationError(problem);
    if (length_normalized && loss.log_probs === 'sums and tokens') {
      throw new ConfigurationError(`length_normalized: ${loss.name} counts tokens by itself`, {
        hint: 'simpo compares log-probs a token without a reference.',
      });
    }
    return {
      loss,
      weight: loss_weights[loss.name],
      config: completeLossConfig(loss.settings, config),
      averages: length_normalized && loss.log_probs === 'sums',
    };
  });
  return {
    reference: losses.some(({ reference }) => reference),
    beta: parts.find(({ config }) => config.beta !== undefined)?.config.beta ?? 1,
    requireUnpaired: () => requireUnpaired(losses),
    compute: (inputs) => mixture(parts, inputs),
  };
}

function mixture(parts: readonly Part[], inputs: PairInputs): PairLossOutput {
  const zeros = inputs.weights_P.map(() => 0);
  const nothing: PairLossOutput = { loss: 0, grads: { chosen_P: zeros, rejected_P: zeros } };
  return parts.reduce((sum, { loss, weight, config, averages }) => {
    const compute = (given: PairInputs) => loss.compute(given, config);
    return plus(sum, averages ? ofAverages(inputs, compute) : compute(inputs), weight);
  }, nothing);
}

function requireUnpaired(losses: readonly PreferenceLoss[]): void {
  const pairwise = losses.find(({ unpaired }) => unpaired !== true);
  if (pairwise === undefined) return;
  const able = PREFERENCE_LOSSES.filter(({ unpaired }) => unpaired === true).map(({ name }) => name);
  throw new ConfigurationError(
    `loss ${pairwise.name} compares two completions, and the dataset has completions that were judged one by one`,
    { hint: `Of those learn ${able.join(' and ')}.` },
  );
}

function lossOf(name: string): PreferenceLoss {
  const loss = PREFERENCE_LOSSES.find((known) => known.name === name);
  if (loss === undefined) {
    throw new ConfigurationError(`unknown loss "${name}"${didYouMean(closestNames(name, PREFERENCE_LOSS_NAMES))}`, {
      hint: `The losses are ${PREFERENCE_LOSS_NAMES.join(', ')}.`,
    });
  }
  return loss;
}

/** A setting of a mixture is that of any of its losses. */
function refuseUnknown(losses: readonly PreferenceLoss[], config: LossFnConfig): void {
  const known = Object.assign({}, ...losses.map(({ settings }) => settings));
  const [stranger] = Object.keys(config).filter((name) => !Object.hasOwn(known, name));
  if (stranger === undefined) return;
  const names = losses.map(({ name }) => name).join(' + ');
  const problem = lossConfigProblem(names, known, { [stranger]: config[stranger] });
  throw new ConfigurationError(problem ?? `loss ${names} has no setting "${stranger}"`);
}
