// The sandbox `http` under the name that specs use.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { runtime } from '../../registry/fields.ts';
import { sandboxSlot } from '../types.ts';

export const httpSandboxBuilder = defineBuilder({
  slot: sandboxSlot,
  name: 'http',
  version: 1,
  doc: 'A server that speaks the protocol of SandboxFusion runs the programs (sandboxfusion.py of tinker_cookbook/sandbox).',
  params: Type.Object({
    url: runtime(
      Type.String({
        // It is recorded with the run: no user, no password, no key behind a question mark.
        pattern: '^https?://[^\\s@?#]+$',
        examples: ['http://localhost:8080/run_code'],
        description:
          'Where it takes programs, such as http://localhost:8080/run_code: the SANDBOX_URL of the cookbook.',
      }),
    ),
    concurrency: runtime(Type.Integer({ minimum: 1, default: 4, description: 'Programs that it is given at a time.' })),
    retries: runtime(
      Type.Integer({ minimum: 0, default: 3, description: 'How often it is asked again where it fails.' }),
    ),
  }),
  async build(options) {
    const { httpSandbox } = await import('./sandbox.ts');
    return httpSandbox(options);
  },
});
