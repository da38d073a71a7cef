// Learning-rate schedules, as multipliers of the learning rate (tinker_cookbook/utils/lr_scheduling.py, plus warm-up).

export const LR_SCHEDULES = ['linear', 'cosine', 'constant'] as const;
export type LrSchedule = (typeof LR_SCHEDULES)[number];

/**
 * The multiplier at a step, 0 ≤ step < totalSteps. The first `warmupSteps` climb in equal parts to the full rate; the
 * schedule runs over the steps after them: linear and cosine fall towards 0, constant stays at 1.
 */
export function lrMultiplier(schedule: LrSchedule, step: number, totalSteps: number, warmupSteps = 0): number {
  if (step < warmupSteps) return (step + 1) / (warmupSteps + 1);
  const progress = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  if (schedule === 'linear') return 1 - progress;
  if (schedule === 'cosine') return (1 + Math.cos(Math.PI * progress)) / 2;
  return 1;
}
