// What is known of a model by its name (tinker_cookbook/model_info.py).

import { closestNames, didYouMean } from '../registry/suggest.ts';
import { ConfigurationError } from '../util/errors.ts';
import { INKLING, KNOWN_MODELS, type KnownModel } from './known_models.ts';

export interface ModelAttributes {
  /** The first part of its name: `Qwen`. */
  organization: string;
  /** Version of its family: `3.5`. */
  version_str: string;
  /** Parameters, and of mixtures of experts those that a token uses: `30B-A3B`. */
  size_str: string;
  /** False for base models, which were not taught to converse. */
  is_chat: boolean;
  /** Names of the renderers that speak for it; the first is the default. */
  recommended_renderers: readonly string[];
  /** It reads pictures. */
  is_vl: boolean;
  /** It hears sound. */
  is_audio_in: boolean;
}

/** The name without what a service appends (`:peft:262144`) and without a revision of the hub (`@main`). */
export function plainModelName(model: string): string {
  return model.replace(/[:@].*$/s, '');
}

/** The row of the table, by a name with or without a suffix. */
export function findKnownModel(model: string): KnownModel | undefined {
  const name = plainModelName(model);
  return KNOWN_MODELS.find((known) => known.name === name);
}

/**
 * Names of the table that a name which is none of them nearly is: written in other letters, or without its organization. The
 * hub does not tell letters apart, so that such a name may lead to a model of which nothing would be known here.
 */
function nearModelNames(model: string): string[] {
  if (findKnownModel(model) !== undefined) return [];
  const name = plainModelName(model).toLowerCase();
  const names = KNOWN_MODELS.map((known) => known.name);
  return names.filter((known) => known.toLowerCase() === name || known.toLowerCase().endsWith(`/${name}`));
}

/** Names of the table that may be meant by one that leads to no model, nearest first. A name alone is held against names alone. */
export function modelsLike(model: string): string[] {
  const same = nearModelNames(model);
  if (same.length > 0) return same;
  const name = plainModelName(model);
  const names = KNOWN_MODELS.map((known) => known.name);
  if (name.includes('/')) return closestNames(name, names);
  return closestNames(name, names.map(nameAlone)).flatMap((near) => names.filter((known) => nameAlone(known) === near));
}

/** @throws ConfigurationError for a name that is nearly one of the table */
export function refuseNearNames(model: string): void {
  const near = nearModelNames(model);
  if (near.length > 0) throw new ConfigurationError(`unknown model "${model}"${didYouMean(near)}`);
}

/**
 * What is known of a model of the table; `get_model_attributes` of the Python cookbook. A suffix such as `:peft:262144` does
 * not count.
 * @throws ConfigurationError that names what is known, for an organization or a model that is not
 */
export function getModelAttributes(model: string): ModelAttributes {
  const known = findKnownModel(model) ?? unknownInkling(plainModelName(model));
  if (known === undefined) throw unknownModel(plainModelName(model));
  const { name, version_str, size_str, is_chat, recommended_renderers, is_vl, is_audio_in } = known;
  const organization = organizationOf(name);
  return { organization, version_str, size_str, is_chat, recommended_renderers, is_vl, is_audio_in };
}

/** Renderers that speak for a model, the default first; `get_recommended_renderer_names`. Throws as `getModelAttributes`. */
export function getRecommendedRendererNames(model: string): readonly string[] {
  return getModelAttributes(model).recommended_renderers;
}

/** The renderer that speaks for a model by default; `get_recommended_renderer_name`. Throws as `getModelAttributes`. */
export function getRecommendedRendererName(model: string): string {
  return getRecommendedRendererNames(model)[0] ?? 'role_colon';
}

/** Names of the models that recommend a renderer, in the order of the table. */
export function modelsThatRecommend(renderer: string): string[] {
  return KNOWN_MODELS.filter((known) => known.recommended_renderers.includes(renderer)).map(({ name }) => name);
}

/** All Inkling models speak alike, those that are yet to come as well. */
function unknownInkling(name: string): Omit<KnownModel, 'hidden_size' | 'lora_params'> | undefined {
  if (!name.startsWith('thinkingmachines/Inkling')) return undefined;
  const unknown = { name, version_str: 'unknown', size_str: 'unknown', recommended_renderers: INKLING };
  return { ...unknown, is_chat: true, is_vl: true, is_audio_in: false };
}

/** Without its organization. */
function nameAlone(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}

function organizationOf(name: string): string {
  return name.split('/')[0] ?? '';
}

function unknownModel(name: string): ConfigurationError {
  const names = KNOWN_MODELS.map((known) => known.name);
  const organizations = [...new Set(names.map(organizationOf))];
  const [organization = '', model] = name.split('/');
  const near = didYouMean(modelsLike(name));
  if (model === undefined) {
    return new ConfigurationError(`unknown model "${name}"${near}`, {
      hint: `Names are ORGANIZATION/NAME, with one of ${organizations.join(', ')}.`,
    });
  }
  if (!organizations.includes(organization)) {
    return new ConfigurationError(`unknown organization "${organization}" of the model "${name}"${near}`, {
      hint: `Known: ${organizations.join(', ')}.`,
    });
  }
  const known = names.filter((each) => organizationOf(each) === organization);
  return new ConfigurationError(`unknown model "${name}"${near}`, { hint: `Known: ${known.join(', ')}.` });
}
