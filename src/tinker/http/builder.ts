// Builder of the `tinker` service: a server that speaks the Tinker API, the hosted one or any other.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { nullable, runtime, semantic } from '../../registry/fields.ts';
import { pricesField } from '../prices.ts';
import { serviceSlot } from '../service.ts';

export const tinker = defineBuilder({
  slot: serviceSlot,
  name: 'tinker',
  version: 1,
  doc: 'A server that speaks the Tinker API, over HTTP: the hosted service, or any compatible one. The key comes from TINKER_API_KEY, or from the command in TINKER_CREDENTIAL_CMD.',
  params: Type.Object({
    base_url: nullable(
      runtime(
        Type.String({
          // It is recorded with the run: no name, no password, no query.
          pattern: '^https?://[^\\s@?#]+$',
          examples: ['http://127.0.0.1:8000'],
          default: null,
          description: 'Address of the server. null = TINKER_BASE_URL if that is set, else the hosted service.',
        }),
      ),
    ),
    project_id: nullable(
      runtime(
        Type.String({
          minLength: 1,
          default: null,
          description: 'Project that the run is counted to. null = TINKER_PROJECT_ID if that is set, else none.',
        }),
      ),
    ),
    base_model: nullable(
      semantic(
        Type.String({
          minLength: 1,
          default: null,
          description:
            "The server's name of the model, where it has another one than model_name. null = model_name, or the only model of the server with the same last part.",
        }),
      ),
    ),
    max_context_length: nullable(
      runtime(
        Type.Integer({
          minimum: 1,
          default: null,
          description: 'Longest sequence, in tokens, of a model of which the server does not say it.',
        }),
      ),
    ),
    prices: pricesField,
    record_stability_info: runtime(
      Type.Boolean({
        default: false,
        description: 'The server notes, while it samples, what loss_fn stable_reinforce asks for.',
      }),
    ),
  }),
  async check({ record_stability_info }, { lossFn }) {
    if (lossFn !== 'stable_reinforce' || record_stability_info) return [];
    const message =
      'stable_reinforce is computed from what the service notes while it samples. Set service.record_stability_info: true.';
    return [{ field: 'loss_fn', message }];
  },
  async build({ base_url, project_id, prices, ...options }, { seed, notify }) {
    const { env } = process;
    const { openTransport } = await import('./open_transport.ts');
    const { HttpServiceClient } = await import('./service.ts');
    const transport = await openTransport(base_url, { env, notify });
    const { meteredBy } = await import('../metered.ts');
    const client = new HttpServiceClient(transport, {
      ...options,
      project_id: project_id ?? (env.TINKER_PROJECT_ID || null),
      seed,
    });
    return meteredBy(prices, client, notify);
  },
});
