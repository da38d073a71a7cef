// A service whose tokens are counted as it is used, whichever service it is.

import { trainsAllParameters } from './capabilities.ts';
import type { MeteredService, SamplingClient, ServiceClient, TrainingClient } from './clients.ts';
import type { PriceTable } from './prices.ts';
import { TokenMeter } from './token_meter.ts';
import { lengthOf, positionsOf } from './types.ts';

/** The service itself where there are no prices. */
export function meteredBy(
  prices: PriceTable | null,
  service: ServiceClient,
  notify: (message: string) => void,
): ServiceClient {
  return prices === null ? service : metered(service, new TokenMeter(prices, notify));
}

/** A training pass is paid for by the positions of its inputs, a forward pass as tokens that are read. */
function metered(service: ServiceClient, meter: TokenMeter): MeteredService {
  return {
    meter,
    getServerCapabilities: (options) => service.getServerCapabilities(options),
    createLoraTrainingClient: async (options) =>
      meteredTraining(await service.createLoraTrainingClient(options), options.base_model, meter),
    createTrainingClientFromState: async (path) =>
      await ofItsModel(await service.createTrainingClientFromState(path), meter, meteredTraining),
    createTrainingClientFromStateWithOptimizer: async (path) =>
      await ofItsModel(await service.createTrainingClientFromStateWithOptimizer(path), meter, meteredTraining),
    createSamplingClient: async (options) =>
      await ofItsModel(await service.createSamplingClient(options), meter, meteredSampling),
    deleteCheckpoint: (path) => service.deleteCheckpoint(path),
    close: () => service.close(),
    ...(service.lost !== undefined && { lost: service.lost }),
    ...(trainsAllParameters(service) && {
      createFullTrainingClient: async (options: Parameters<typeof service.createFullTrainingClient>[0]) =>
        await ofItsModel(await service.createFullTrainingClient(options), meter, meteredTraining),
    }),
  };
}

async function ofItsModel<Client extends TrainingClient | SamplingClient>(
  client: Client,
  meter: TokenMeter,
  wrap: (client: Client, model: string, meter: TokenMeter) => Client,
): Promise<Client> {
  return wrap(client, (await client.getInfo()).base_model, meter);
}

function meteredTraining(client: TrainingClient, model: string, meter: TokenMeter): TrainingClient {
  return {
    async forward(data, ...rest) {
      const future = await client.forward(data, ...rest);
      meter.count(model, { prefill: positionsOf(data) });
      return future;
    },
    async forwardBackward(data, ...rest) {
      const future = await client.forwardBackward(data, ...rest);
      meter.count(model, { train: positionsOf(data) });
      return future;
    },
    // The API has no such request: log-probs are got by a forward pass, and the gradient goes back by another.
    async forwardBackwardCustom(data, ...rest) {
      const future = await client.forwardBackwardCustom(data, ...rest);
      meter.count(model, { prefill: positionsOf(data), train: positionsOf(data) });
      return future;
    },
    optimStep: (params) => client.optimStep(params),
    saveState: (name, options) => client.saveState(name, options),
    saveWeightsForSampler: (name, options) => client.saveWeightsForSampler(name, options),
    saveWeightsAndGetSamplingClient: async () =>
      meteredSampling(await client.saveWeightsAndGetSamplingClient(), model, meter),
    getInfo: () => client.getInfo(),
    close: () => client.close(),
  };
}

/** A prompt is read once, however many samples are drawn from it. */
function meteredSampling(client: SamplingClient, model: string, meter: TokenMeter): SamplingClient {
  return {
    async sample(prompt, numSamples, params, options) {
      const response = await client.sample(prompt, numSamples, params, options);
      const cached_prefill = Math.min(response.prompt_cache_hit_tokens ?? 0, lengthOf(prompt));
      meter.count(model, {
        prefill: lengthOf(prompt) - cached_prefill,
        cached_prefill,
        sample: response.sequences.reduce((sum, { tokens }) => sum + tokens.length, 0),
      });
      return response;
    },
    async computeLogprobs(input, options) {
      const logprobs = await client.computeLogprobs(input, options);
      meter.count(model, { prefill: lengthOf(input) });
      return logprobs;
    },
    getInfo: () => client.getInfo(),
    close: () => client.close(),
  };
}
