// The lowest priority for a process that a board has started: training goes first.

import { constants, setPriority } from 'node:os';

export function giveWay(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended, or the system does not let us.
  }
}
