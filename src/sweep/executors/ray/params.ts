// The fields of the executor `ray`.

import { type Static, Type } from '@sinclair/typebox';
import { nullable, runtime } from '../../../registry/fields.ts';
import type { JsonObject } from '../../../util/json.ts';

export const rayParams = Type.Object({
  address: runtime(
    nullable(
      Type.String({
        minLength: 1,
        default: null,
        description:
          'The dashboard, as http://127.0.0.1:8265. null = RAY_API_SERVER_ADDRESS, or RAY_ADDRESS, of the environment.',
      }),
    ),
  ),
  command: runtime(
    nullable(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        default: null,
        description:
          'The program on the machines of the cluster, as [npx, cookbook]. null = this installation, under the paths that it has here.',
      }),
    ),
  ),
  entrypoint_num_cpus: runtime(
    nullable(
      Type.Number({ minimum: 0, default: null, description: 'Cores of a job. null = cpus of execution.resources.' }),
    ),
  ),
  entrypoint_num_gpus: runtime(
    nullable(
      Type.Number({ minimum: 0, default: null, description: 'GPUs of a job. null = gpus of execution.resources.' }),
    ),
  ),
  entrypoint_memory: runtime(
    nullable(
      Type.Integer({
        minimum: 0,
        default: null,
        description: 'Bytes of memory of a job. null = memory_gb of execution.resources.',
      }),
    ),
  ),
  entrypoint_resources: runtime(
    Type.Record(Type.String(), Type.Number({ minimum: 0 }), {
      default: {},
      description: 'Resources of a job by names that the cluster has given to them.',
    }),
  ),
  runtime_env: runtime(
    nullable(
      Type.Unsafe<JsonObject>({
        type: 'object',
        default: null,
        description: 'The runtime environment of the jobs, as Ray documents it: env_vars, container, pip and so on.',
      }),
    ),
  ),
  stop_wait_s: runtime(
    Type.Integer({
      minimum: 1,
      default: 60,
      description: 'Seconds that a run which is asked to stop has for its step and checkpoint before Ray kills it.',
    }),
  ),
  poll_s: runtime(
    Type.Number({
      exclusiveMinimum: 0,
      default: 2,
      description: 'Seconds between two looks at the jobs, one request for all of them.',
    }),
  ),
});

export type RayParams = Static<typeof rayParams>;
