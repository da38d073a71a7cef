// The sandbox `bubblewrap` under the name that specs use.

import { availableParallelism } from 'node:os';
import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { nullable, runtime } from '../../registry/fields.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { sandboxSlot } from '../types.ts';

export const bubblewrap = defineBuilder({
  slot: sandboxSlot,
  name: 'bubblewrap',
  version: 1,
  doc: 'Python, bash and JavaScript as this machine has them, in namespaces of the Linux kernel: no files, no network. Takes bwrap.',
  params: Type.Object({
    concurrency: nullable(
      runtime(
        Type.Integer({ minimum: 1, default: null, description: 'Programs that run at a time; null = one a core.' }),
      ),
    ),
    python: nullable(
      runtime(
        Type.String({
          format: 'path',
          default: null,
          description: 'The interpreter of Python, such as that of a virtual environment; null = /usr/bin/python3.',
        }),
      ),
    ),
    read_only_paths: runtime(
      Type.Array(Type.String({ format: 'path' }), {
        default: [],
        description: 'Directories of this machine that programs may read, beside /usr.',
      }),
    ),
  }),
  async build({ concurrency, ...options }) {
    const { bubblewrapProblem } = await import('./availability.ts');
    const { bubblewrapSandbox } = await import('./sandbox.ts');
    const problem = await bubblewrapProblem();
    if (problem !== null) throw new ConfigurationError(problem);
    return bubblewrapSandbox({ ...options, concurrency: concurrency ?? availableParallelism() });
  },
  async check() {
    const { bubblewrapProblem } = await import('./availability.ts');
    const problem = await bubblewrapProblem();
    return problem === null ? [] : [{ field: 'builder', message: problem }];
  },
});
