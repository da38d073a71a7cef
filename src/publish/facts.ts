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
  const { spec, headline = [], versions } = record;
  const model = typeof spec.model_name === 'string' ? spec.model_name : 'a model without a name';
  const [name = model] = model.split('@');
  const datasets = hubDatasets(spec);
  const measured = learned.flatMap(({ metric, before, after }): Measured[] => {
    if (!Number.isFinite(before) || !Number.isFinite(after)) return [];
    const declared = headline.find((one) => one.metric === metric);
    return [{ metric, label: declared?.label ?? metric, goal: declared?.goal ?? 'maximize', before, after }];
  });
  return {
    ...published,
    base: isAbsolute(model) ? basename(model) : model,
    base_model: !isAbsolute(model) && isHubName(model) ? name : null,
    method: spec.trainer,
    trained_on: datasets.length > 0 ? datasets.join(', ') : builderOfData(spec),
    datasets,
    seed: spec.seed,
    version: versions.cookbook,
    measured,
    spec,
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

/** Where it lay, and how it was watched, is nobody's business. */
const LEFT_OUT = ['log_path', 'if_exists', 'loggers'];

export function portableSpec(spec: JsonObject): JsonObject {
  const portable = (value: JsonValue): JsonValue => {
    if (typeof value === 'string') return isAbsolute(value) ? basename(value) : value;
    if (Array.isArray(value)) return value.map(portable);
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, portable(member)]));
  };
  return Object.fromEntries(
    Object.entries(spec).flatMap(([name, value]) => (LEFT_OUT.includes(name) ? [] : [[name, portable(value)]])),
  );
}
