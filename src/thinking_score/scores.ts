// The true-thinking score of steps from four confidences each, and what it comes to: pure arithmetic (arXiv 2510.24941).

/** How sure a model is of the answer after a step: with the step as it is (1) or changed (0), behind an intact (1) or a changed (0) context. */
export interface Confidences {
  /** S₁(1). */
  step_context: number;
  /** S₀(1). */
  changed_step_context: number;
  /** S₁(0). */
  step_changed_context: number;
  /** S₀(0). */
  changed_step_changed_context: number;
}

/** ½(|S₁(1) − S₀(1)| + |S₁(0) − S₀(0)|): by how much the answer hangs on the step. */
export function thinkingScore(confidences: Confidences): number {
  const { step_context, changed_step_context, step_changed_context, changed_step_changed_context } = confidences;
  const within = Math.abs(step_context - changed_step_context);
  return (within + Math.abs(step_changed_context - changed_step_changed_context)) / 2;
}

/** At most so much: the answer does not hang on the step at all. */
const DECORATIVE = 0.005;

export interface ScoredStep {
  text: string;
  tts: number;
  self_verification: boolean;
}

export interface StepSummary {
  num_steps: number;
  mean_tts: number;
  /** Shares of the steps. */
  at_least_0_7: number;
  at_least_0_3: number;
  decorative: number;
  self_verification: number;
}

export function summaryOf(steps: readonly ScoredStep[]): StepSummary {
  const share = (is: (step: ScoredStep) => boolean) =>
    steps.length === 0 ? 0 : steps.filter(is).length / steps.length;
  return {
    num_steps: steps.length,
    mean_tts: steps.length === 0 ? 0 : steps.reduce((sum, { tts }) => sum + tts, 0) / steps.length,
    at_least_0_7: share(({ tts }) => tts >= 0.7),
    at_least_0_3: share(({ tts }) => tts >= 0.3),
    decorative: share(({ tts }) => tts <= DECORATIVE),
    self_verification: share(({ self_verification }) => self_verification),
  };
}
