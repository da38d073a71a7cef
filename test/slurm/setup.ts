// Before the suite: dist/ is built; where there is no Slurm, that is said aloud, and every test is skipped.

import build from '../support/build.ts';
import { whyNoSlurm } from './cluster.ts';

export default function setup(): void {
  if (whyNoSlurm === null) build();
  else process.stderr.write(`slurm: EVERYTHING IS SKIPPED: ${whyNoSlurm}\n`);
}
