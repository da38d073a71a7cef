// The numbers that a loss is configured with (`loss_fn_config`): their defaults and bounds, and the check against them.

import type { LossFnConfig } from './types.ts';

interface LossSetting {
  doc: string;
  /** Null where the loss does without it. */
  default: number | null;
  minimum?: number;
  /** The number is above it. */
  exclusiveMinimum?: number;
  /** The number is below it. */
  exclusiveMaximum?: number;
  /** The number is one of these. */
  oneOf?: readonly number[];
}

/** Settings of one loss by name. */
export type LossSettings = Readonly<Record<string, LossSetting>>;

/** Names of settings of which one is the lower and one the upper bound of the same ratio. */
const BOUNDS = [
  ['clip_low_threshold', 'clip_high_threshold'],
  ['clip_min', 'clip_max'],
] as const;

/** The configuration with its defaults; settings that have none are absent. */
export function completeLossConfig(settings: LossSettings, config: LossFnConfig): LossFnConfig {
  const defaults = Object.entries(settings).flatMap(([name, { default: value }]) =>
    value === null ? [] : [[name, value] as const],
  );
  return { ...Object.fromEntries(defaults), ...config };
}

/** What is wrong with a configuration, as a sentence; null: nothing. */
export function lossConfigProblem(loss: string, settings: LossSettings, config: LossFnConfig): string | null {
  const names = Object.keys(settings);
  for (const [name, value] of Object.entries(config)) {
    if (!Object.hasOwn(settings, name)) {
      return `loss ${loss} has no setting "${name}"${names.length > 0 ? `; it has ${names.join(', ')}` : ''}`;
    }
    if (!isAllowed(value, settings[name]))
      return `loss ${loss}: ${name} must be ${allowed(settings[name])}, not ${value}`;
  }
  const complete = completeLossConfig(settings, config);
  for (const [low, high] of BOUNDS) {
    if (complete[low] > complete[high])
      return `loss ${loss}: ${low} ${complete[low]} is above ${high} ${complete[high]}`;
  }
  return null;
}

function isAllowed(value: number, { minimum, exclusiveMinimum, exclusiveMaximum, oneOf }: LossSetting): boolean {
  if (!Number.isFinite(value)) return false;
  if (minimum !== undefined && value < minimum) return false;
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return false;
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) return false;
  return oneOf === undefined || oneOf.includes(value);
}

function allowed({ minimum, exclusiveMinimum, exclusiveMaximum, oneOf }: LossSetting): string {
  if (oneOf !== undefined) return oneOf.join(' or ');
  const bounds = [
    ...(minimum === undefined ? [] : [`≥ ${minimum}`]),
    ...(exclusiveMinimum === undefined ? [] : [`> ${exclusiveMinimum}`]),
    ...(exclusiveMaximum === undefined ? [] : [`< ${exclusiveMaximum}`]),
  ];
  return ['a finite number', bounds.join(' and ')].filter((text) => text !== '').join(' ');
}
