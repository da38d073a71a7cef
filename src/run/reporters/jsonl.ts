// Run events as JSON Lines: what a sweep reads from the processes that it starts.

import { spellNumber } from '../../run_files/numbers.ts';
import type { RunListener } from '../events.ts';

export function jsonlReporter(write: (line: string) => void): RunListener {
  return (event) => write(JSON.stringify(event, spellNumber));
}
