// Before the suite: what cannot be tried on this machine is said aloud, and skipped.

import { whyNoMachines, whyNoSshd } from './support/missing.ts';

export default function setup(): void {
  if (whyNoSshd !== null) process.stderr.write(`machines: RUNS BY SSH ARE SKIPPED: ${whyNoSshd}\n`);
  if (whyNoMachines !== null) process.stderr.write(`machines: TWO MACHINES ARE SKIPPED: ${whyNoMachines}\n`);
}
