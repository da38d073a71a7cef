// The events of a run that its process prints as JSON Lines, as far as a sweep shows them.

import type { RunEvent } from '../run/events.ts';
import { isMetric } from '../run_files/metrics_log.ts';
import { isCount, isNullOr, isOneOf, isRecordOf, isString, jsonShape } from '../util/json_shape.ts';

export type RunProgress = Extract<RunEvent, { type: 'started' | 'step' | 'warning' }>;

const SHAPES = [
  jsonShape<Extract<RunEvent, { type: 'started' }>>({
    type: isOneOf(['started'] as const),
    total_steps: isCount,
    resumed_from: isNullOr(isCount),
  }),
  jsonShape<Extract<RunEvent, { type: 'step' }>>({
    type: isOneOf(['step'] as const),
    step: isCount,
    total_steps: isCount,
    metrics: isRecordOf(isMetric),
  }),
  jsonShape<Extract<RunEvent, { type: 'warning' }>>({ type: isOneOf(['warning'] as const), message: isString }),
];

/** The event of a line; null for what is not shown, a plugin's own `console.log` included. */
export function parseRunProgress(line: string): RunProgress | null {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return null;
  }
  for (const shape of SHAPES) if (shape.is(event)) return event;
  return null;
}
