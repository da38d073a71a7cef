// Whether bubblewrap works here. Suites that need it say so, and are skipped, where it does not.

import { bubblewrapProblem } from '../../src/sandbox/bubblewrap/availability.ts';

export const problem = await bubblewrapProblem();

if (problem !== null) process.stderr.write(`skipped: ${problem}\n`);
