// What a service can do, asked before anything is opened.

import { ConfigurationError, RequestError } from '../util/errors.ts';
import type { FullTrainingService, MeteredService, ServiceClient } from './clients.ts';
import type { TokenMeter } from './token_meter.ts';

/** Longest sequence that a service takes for a model, in tokens. Throws RequestError for a model that it does not have. */
export async function maxContextLengthOf(service: ServiceClient, model: string): Promise<number> {
  const { supported_models } = await service.getServerCapabilities({ models: [model] });
  const found = supported_models.find(({ model_name }) => model_name === model);
  if (found !== undefined) return found.max_context_length;
  throw new RequestError(`the service has no model "${model}"`, {
    hint: `It has ${supported_models.map(({ model_name }) => model_name).join(', ') || 'none'}.`,
  });
}

/** The service as one that trains all parameters. Throws ConfigurationError where it only adapts. */
export function requireFullTraining(service: ServiceClient): FullTrainingService {
  if (trainsAllParameters(service)) return service;
  throw new ConfigurationError('this service trains adapters only, and no model from scratch', {
    hint: 'Leave `service` out, or set `service: {builder: local}`: the engine in this package trains all parameters.',
  });
}

export function trainsAllParameters(service: ServiceClient): service is FullTrainingService {
  return 'createFullTrainingClient' in service;
}

/** What counts the tokens of a service; null where nobody has asked for it. */
export function meterOf(service: ServiceClient): TokenMeter | null {
  return isMetered(service) ? service.meter : null;
}

function isMetered(service: ServiceClient): service is MeteredService {
  return 'meter' in service;
}
