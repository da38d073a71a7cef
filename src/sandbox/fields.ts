// Spec fields of what runs programs: the sandbox, and how much a program may take.

import { Type } from '@sinclair/typebox';
import { builderOf, semantic } from '../registry/fields.ts';
import { sandboxSlot } from './types.ts';

/** @param builder what runs programs unless something else is named */
export const sandboxField = (builder: 'quickjs' | 'bubblewrap') =>
  semantic(builderOf(sandboxSlot, { default: { builder }, description: 'Where programs run.' }));

/** The largest that WebAssembly can have, and more than a test of a model should. */
const MOST_MEGABYTES = 2048;

export const limitFields = {
  seconds: semantic(
    Type.Number({ exclusiveMinimum: 0, maximum: 600, default: 6, description: 'How long a program may take.' }),
  ),
  memory_mb: semantic(
    Type.Integer({ minimum: 8, maximum: MOST_MEGABYTES, default: 256, description: 'Memory of a program, in MiB.' }),
  ),
  output_bytes: semantic(
    Type.Integer({
      minimum: 1,
      maximum: 16 * 2 ** 20,
      default: 128 * 1024,
      description: 'What a program may write to standard output, and to standard error.',
    }),
  ),
  processes: semantic(
    Type.Integer({ minimum: 1, maximum: 4096, default: 16, description: 'Processes and threads of a program.' }),
  ),
};
