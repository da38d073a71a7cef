// In what two evaluations are not alike, but for the model that has answered.

import { equalJson, type JsonObject } from '../util/json.ts';

const OF_THE_MODEL: ReadonlySet<string> = new Set(['model', 'renderer', 'base_url']);

/** Names of settings. Where one says nothing of its settings, nothing is known to differ. */
export function differingSettings(a: JsonObject, b: JsonObject): string[] {
  if (Object.keys(a).length === 0 || Object.keys(b).length === 0) return [];
  return Object.keys({ ...a, ...b })
    .filter((name) => !OF_THE_MODEL.has(name))
    .filter((name) => !equalJson(a[name] ?? null, b[name] ?? null));
}
