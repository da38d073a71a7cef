// A policy loss by name, checked once and then submitted batch after batch: the service's own, or one of this package's.

import { closestNames, didYouMean } from '../../registry/suggest.ts';
import type { APIFuture, CustomLossFn, TrainingClient } from '../../tinker/clients.ts';
import { LOSS_FUNCTIONS } from '../../tinker/loss_functions.ts';
import { type LossSettings, lossConfigProblem } from '../../tinker/loss_settings.ts';
import type { Datum, ForwardBackwardOutput, LossFnConfig, LossFnType, TensorData } from '../../tinker/types.ts';
import { ConfigurationError, RequestError } from '../../util/errors.ts';
import { CUSTOM_LOSSES, LOSS_FN_NAMES, SERVICE_LOSSES } from './table.ts';
import type { CustomLoss, LossInputs } from './types.ts';

type SubmitOptions = Pick<LossInputs, 'max_tokens' | 'parts'>;

export interface PolicyLoss {
  name: string;
  /** `service`: a sum over tokens, computed where the model is. `custom`: normalised, and one more forward pass. */
  kind: 'service' | 'custom';
  /**
   * Adds the gradient of the loss over `data_D`, whose `loss_fn_inputs` are `target_tokens`, `logprobs` (of the policy that sampled),
   * `advantages` and `mask`, each of shape (N). Resolves when that is submitted, which a custom loss does after its forward pass.
   * The log-probs of the output are those before the update; where the mask is 0 they may be NaN.
   */
  submit(
    client: TrainingClient,
    data_D: readonly Datum[],
    options: SubmitOptions,
  ): Promise<APIFuture<ForwardBackwardOutput>>;
}

/** Throws a ConfigurationError for a name or a setting that is not known, and for a value that is out of its range. */
export function policyLoss(name: string, config: LossFnConfig = {}): PolicyLoss {
  const fn = SERVICE_LOSSES.find((known) => known === name);
  if (fn !== undefined) {
    check(name, LOSS_FUNCTIONS[fn].settings, config);
    // What the user left out is the service's to decide.
    const given = Object.keys(config).length > 0 ? config : undefined;
    return {
      name,
      kind: 'service',
      submit: (client, data_D) =>
        client.forwardBackward(data_D.map(forService(fn)), fn, given, {
          logprobs: data_D.map((datum, d) => inputOf(datum, d, 'mask').data),
        }),
    };
  }
  const loss = CUSTOM_LOSSES.find((known) => known.name === name);
  if (loss === undefined) {
    throw new ConfigurationError(`unknown loss "${name}"${didYouMean(closestNames(name, LOSS_FN_NAMES))}`, {
      hint: `loss_fn is one of ${LOSS_FN_NAMES.join(', ')}.`,
    });
  }
  check(name, loss.settings, config);
  return {
    name,
    kind: 'custom',
    submit: (client, data_D, options) => submitCustom(client, loss, config, data_D, options),
  };
}

function check(name: string, settings: LossSettings, config: LossFnConfig): void {
  const problem = lossConfigProblem(name, settings, config);
  if (problem !== null) throw new ConfigurationError(problem);
}

/** Services refuse inputs that a loss does not take, so the mask is put into the advantages: 0 counts nothing. */
function forService(fn: LossFnType): (datum: Datum, d: number) => Datum {
  return (datum, d) => {
    const { mask: _, ...inputs } = datum.loss_fn_inputs;
    const mask = inputOf(datum, d, 'mask');
    const advantages = inputOf(datum, d, 'advantages');
    const data = Float32Array.from(advantages.data, (advantage, t) => (mask.data[t] === 0 ? 0 : advantage));
    return {
      ...datum,
      loss_fn_inputs: {
        ...inputs,
        advantages: { ...advantages, data },
        ...(fn === 'gspo' ? { sequence_ratio_mask: mask } : {}),
      },
    };
  };
}

async function submitCustom(
  client: TrainingClient,
  loss: CustomLoss,
  config: LossFnConfig,
  data_D: readonly Datum[],
  options: SubmitOptions,
): Promise<APIFuture<ForwardBackwardOutput>> {
  const column = (name: string) => data_D.map((datum, d) => Float32Array.from(inputOf(datum, d, name).data));
  const inputs = {
    ...options,
    sampled_logprobs_D_T: column('logprobs'),
    advantages_D_T: column('advantages'),
    mask_D_T: column('mask'),
  };
  const scored = data_D.map(({ loss_fn_inputs: { target_tokens, mask }, ...datum }) => ({
    ...datum,
    loss_fn_inputs: { target_tokens, weights: mask },
  }));
  const lossFn: CustomLossFn = (_, logprobs_D_T) => loss.compute({ ...inputs, logprobs_D_T }, config);
  return client.forwardBackwardCustom(scored, lossFn, { logprobs: 'trained' });
}

function inputOf({ loss_fn_inputs }: Datum, d: number, name: string): TensorData {
  const tensor = loss_fn_inputs[name];
  if (tensor === undefined) throw new RequestError(`datum ${d}: loss_fn_inputs has no "${name}"`);
  const length = loss_fn_inputs.target_tokens?.data.length;
  if (tensor.data.length !== length) {
    throw new RequestError(`datum ${d}: ${name} has ${tensor.data.length} values for ${length ?? 'no'} target_tokens`);
  }
  const bad = tensor.data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new RequestError(`datum ${d}: ${name}[${bad}] is ${tensor.data[bad]}`);
  return tensor;
}
