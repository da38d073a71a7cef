// Run events as JSON Lines: what `cookbook exec` prints for those who follow a run through a pipe.

import { spellNumber } from '../../util/json.ts';
import type { RunListener } from '../events.ts';

export function jsonlReporter(write: (line: string) => void): RunListener {
  return (event) => write(JSON.stringify(event, spellNumber));
}
