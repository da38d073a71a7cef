// What a model card may say of a run: read from its record and its status, with nothing of the machine that it ran on.

import { basename, isAbsolute } from 'node:path';
import { isHubName } from '../hub/hub_settings.ts';
import type { RunRecord } from '../run_files/types.ts';
import type { Learned } from '../training/types.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';

/** One metric of the headline, before and after training. */
export interface Measured {
  metric: string;
  label: string;
  goal: 'minimize' | 'maximize';
  before: number;
  after: number;
}

export interface CardFacts {
  /** `ORG/NAME`. */
  repo: string;
  form: 'adapter' | 'merged';
  /** The model that was trained, for people. */
  base: string;
  /** The same by its name on the hub; null where it has none. */
  base_model: string | null;
  /** The commit or branch that it was pinned to; null for the newest. */
  base_revision: string | null;
  /** The trainer. */
  method: string;
  /** The builder of its data, or the names of the data sets on the hub. */
  trained_on: string;
  /** Names on the hub. */
  datasets: readonly string[];
  checkpoint: string;
  step: number;
  seed: number;
  /** Of this package. */
  version: string;
  measured: readonly Measured[];
  spec: JsonObject;
  /** What of the spec decided the run: `config` of its identity. */
  identity: JsonObject;
}

export interface Published {
  repo: string;
  form: CardFacts['form'];
  /** Name of the checkpoint that is published. */
  checkpoint: string;
  /** Steps that it has seen. */
  step: number;
}

/** @param learned what was measured of the very weights that are published */
export function cardFacts(record: RunRecord, learned: readonly Learned[], published: Published): CardFacts {
  const { spec, identity, headline = [], versions } = record;
  const model = typeof spec.model_name === 'string' ? spec.model_name : 'a model without a name';
  const [name = model, revision] = model.split('@');
  const isOfHub = !isAbsolute(model) && isHubName(model);
  const datasets = hubDatasets(spec);
  const measured = learned.flatMap(({ metric, before, after }): Measured[] => {
    if (!Number.isFinite(before) || !Number.isFinite(after)) return [];
    const declared = headline.find((one) => one.metric === metric);
    return [{ metric, label: declared?.label ?? metric, goal: declared?.goal ?? 'maximize', before, after }];
  });
  return {
    ...published,
    base: isAbsolute(model) ? basename(model) : model,
    base_model: isOfHub ? name : null,
    base_revision: (isOfHub ? revision : undefined) ?? null,
    method: spec.trainer,
    trained_on: datasets.length > 0 ? datasets.join(', ') : builderOfData(spec),
    datasets,
    seed: spec.seed,
    version: versions.cookbook,
    measured,
    spec,
    identity: identity.config,
  };
}

function builderOfData({ dataset, trainer }: RunRecord['spec']): string {
  return isJsonObject(dataset) && typeof dataset.builder === 'string' ? dataset.builder : trainer;
}

const HUB_DATASET = /^hf:\/\/datasets\/([\w.-]+\/[\w.-]+?)(?:@[^/]*)?(?:\/|$)/;

/** Data sets that a spec names as those of the hub: by their address, or by their name where a builder reads them by it. */
export function hubDatasets(spec: JsonValue): string[] {
  const found = new Set<string>();
  const look = (value: JsonValue): void => {
    if (typeof value === 'string') {
      const [, name] = HUB_DATASET.exec(value) ?? [];
      if (name !== undefined) found.add(name);
    } else if (Array.isArray(value)) value.forEach(look);
    else if (isJsonObject(value)) {
      const { builder, path } = value;
      if (typeof builder === 'string' && builder.startsWith('hf_') && typeof path === 'string' && isHubName(path)) {
        found.add(path);
      }
      Object.values(value).forEach(look);
    }
  };
  look(spec);
  return [...found].sort();
}

/**
 * What decided the run, as its spec says it: the fields of its identity, so that nothing of how and where it ran is shown. Paths,
 * alone or within an argument, are cut down to their names.
 */
export function portableSpec(spec: JsonObject, identity: JsonObject): JsonObject {
  return portableFields(spec, (name) => name === 'seed' || Object.hasOwn(identity, name), identity);
}

function portableFields(
  fields: JsonObject,
  isShown: (name: string) => boolean,
  identity: Readonly<Record<string, JsonValue | undefined>>,
): JsonObject {
  const shown = Object.entries(fields).filter(([name]) => isShown(name));
  return Object.fromEntries(shown.map(([name, value]) => [name, portable(value, identity[name])]));
}

function portable(value: JsonValue, identity: JsonValue | undefined): JsonValue {
  if (typeof value === 'string') return isAbsolute(value) ? basename(value) : value.replace(PATH_IN_TEXT, '$1$2');
  if (Array.isArray(value)) {
    const items = Array.isArray(identity) ? identity : [];
    return value.map((item, i) => portable(item, items[i]));
  }
  if (!isJsonObject(value)) return value;
  if (!isJsonObject(identity)) return portableFields(value, () => true, {});
  return portableFields(value, (name) => Object.hasOwn(identity, name), identity);
}

/** `--data=/home/me/data/rows.jsonl`, `file:///home/me/data/rows.jsonl`: what stands before the path, and its last part. */
const PATH_IN_TEXT = /(^|[\s=:,'"([{<]|\bfile:\/\/)\/(?:[^\s/=:,'"]+\/)+([^\s/=:,'"]+)/g;
