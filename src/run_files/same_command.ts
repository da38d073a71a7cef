// The command that goes on with a run: the one that started it.

import { programName, quote } from '../util/program_name.ts';

/** Less the wish to delete what is there, or to fail over it. @param ifExists of the run's spec */
export function sameCommand(argv: readonly string[], ifExists: unknown): string {
  const words = argv.filter((word) => !word.startsWith('if_exists='));
  if (ifExists === 'delete' || ifExists === 'raise') words.push('if_exists=resume');
  return `${programName()} ${words.map(quote).join(' ')}`;
}
