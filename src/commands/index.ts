// The commands by name: what oclif looks up. Their modules are loaded at every start, so each imports what is heavy in run().

import type { Command } from '@oclif/core';
import Report from './report.ts';

export const COMMANDS: Record<string, Command.Class> = {
  report: Report,
};
