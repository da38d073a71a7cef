// The sandbox `quickjs` under the name that specs use.

import { availableParallelism } from 'node:os';
import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { nullable, runtime } from '../../registry/fields.ts';
import { sandboxSlot } from '../types.ts';

export const quickjs = defineBuilder({
  slot: sandboxSlot,
  name: 'quickjs',
  version: 1,
  doc: 'JavaScript in QuickJS, an interpreter in WebAssembly: no files, no network, no clock. Needs nothing installed.',
  params: Type.Object({
    concurrency: nullable(
      runtime(
        Type.Integer({ minimum: 1, default: null, description: 'Programs that run at a time; null = one a core.' }),
      ),
    ),
  }),
  async build({ concurrency }) {
    const { quickJsSandbox } = await import('./sandbox.ts');
    return quickJsSandbox(concurrency ?? availableParallelism());
  },
});
