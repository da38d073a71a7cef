// Whether training, scoring and sampling give the same bits for any number of threads, on models and batches of random shapes:
//   npx jiti bench/engine/threads.ts [--shapes 40] [--from 0] [--threads 1,2,3,4,8] [--int8]
// Prints what differs, and ends with exit code 1 if anything does.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { everythingOf, randomShape } from '../../test/support/model_shapes.ts';

const { values } = parseArgs({
  options: {
    shapes: { type: 'string', default: '40' },
    from: { type: 'string', default: '0' },
    threads: { type: 'string', default: '1,2,3,4,8' },
    int8: { type: 'boolean', default: false },
  },
});
const [first, ...others] = values.threads.split(',').map(Number);
const directory = await mkdtemp(join(tmpdir(), 'cookbook-threads-'));
let differing = 0;
for (let seed = Number(values.from); seed < Number(values.from) + Number(values.shapes); seed++) {
  const random = randomShape(seed);
  // Weights that are all trained are float32.
  const shape = values.int8 && random.rank > 0 ? { ...random, precision: 'int8' as const } : random;
  const expected = await everythingOf(shape, directory, first);
  const found: string[] = [];
  for (const threads of others) {
    const got = await everythingOf(shape, directory, threads);
    for (const [what, digest] of Object.entries(expected))
      if (got[what] !== digest) found.push(`${what} of ${threads}`);
  }
  if (found.length > 0) differing += 1;
  console.log(`shape ${seed}: ${found.length === 0 ? 'same' : `${found.join(', ')} differ: ${JSON.stringify(shape)}`}`);
}
await rm(directory, { recursive: true });
console.log(`${values.shapes} shapes, threads ${values.threads}: ${differing} differ`);
process.exitCode = differing === 0 ? 0 : 1;
