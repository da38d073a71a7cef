// What the server has behind it: an engine, as far as it asks for one, and the models that it may use.

import type { ServiceClient } from '../clients.ts';
import { Refusal } from './refusal.ts';

export interface ServedModel {
  /** What clients call it, and are told. */
  readonly name: string;
  /** What else they may call it. */
  readonly aliases: readonly string[];
  /** The one of these that is short enough for people, where there is one. */
  readonly shortName?: string;
  /** What the engine calls it. */
  readonly source: string;
  /** Where its tokenizer lies. */
  readonly directory: string;
  readonly max_context_length: number;
}

export interface Backend {
  readonly models: readonly ServedModel[];
  /** A service for one training run, which keeps its checkpoints in a directory of its own. */
  session(options: { checkpoints: string }): ServiceClient;
}

/** Throws a Refusal for a model that is not served. */
export function servedModel({ models }: Pick<Backend, 'models'>, name: string): ServedModel {
  const found = models.find((model) => model.name === name || model.aliases.includes(name));
  if (found !== undefined) return found;
  throw new Refusal(400, `no model "${name}" is served here; there is ${models.map(nameForPeople).join(', ')}`);
}

export function nameForPeople({ name, shortName = name }: ServedModel): string {
  return shortName;
}
