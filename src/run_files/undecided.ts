// Why no configuration is the best, in words for the screens.

import type { Undecided } from './objective.ts';

export function whyUndecided(undecided: Undecided): string {
  return REASONS[undecided];
}

const REASONS: Record<Undecided, string> = {
  no_goal: 'nothing says whether less or more is better',
  none_counts: 'no run has a value that counts yet',
  all_tie: 'all of them tie',
  one_measured: 'only one has a value, the others have finished without',
};
