// What a run spec says of its trainer: the reference to the builder, and the headline that the builder declares.

import type { Headline } from '../registry/headline.ts';
import type { Registry } from '../registry/registry.ts';
import type { PlainRef } from '../registry/slot.ts';
import type { RunSpec } from '../spec/types.ts';
import { trainerSlot } from '../training/types.ts';

/** A trainer's parameters stand beside the fields that every run has. */
export function trainerOf(spec: RunSpec, registry: Registry): PlainRef {
  const names = Object.keys(registry.find(trainerSlot.name, spec.trainer)?.params.properties ?? {});
  const given = names.flatMap((name) => (name in spec ? [[name, spec[name]] as const] : []));
  return { ...Object.fromEntries(given), builder: spec.trainer };
}

export function headlineOf(spec: RunSpec, registry: Registry): readonly Headline[] {
  return registry.headline(trainerSlot, trainerOf(spec, registry));
}
