// The logger `mlflow`: a run on an MLflow server.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { nullable, runtime } from '../../registry/fields.ts';
import { sinkSlot } from '../../training/sink.ts';

/** Credentials come from the environment: what stands in a spec is written down. */
const ADDRESS = '^https?://[^@]+$';
const DEFAULT_ADDRESS = 'http://127.0.0.1:5000';
const DEFAULT_EXPERIMENT = 'Default';

export const mlflow = defineBuilder({
  slot: sinkSlot,
  name: 'mlflow',
  version: 1,
  doc: 'A run on an MLflow server. Credentials are MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.',
  params: Type.Object({
    tracking_uri: nullable(
      runtime(
        Type.String({
          pattern: ADDRESS,
          examples: [DEFAULT_ADDRESS],
          default: null,
          description: `Address of the server; null = that of MLFLOW_TRACKING_URI, or ${DEFAULT_ADDRESS}.`,
        }),
      ),
    ),
    experiment_name: nullable(
      runtime(
        Type.String({
          minLength: 1,
          default: null,
          description: `null = that of MLFLOW_EXPERIMENT_NAME, or the name of the sweep, or ${DEFAULT_EXPERIMENT}.`,
        }),
      ),
    ),
  }),
  async build({ tracking_uri, experiment_name }, { run, env, signal, tell }) {
    const { MlflowApi } = await import('./api.ts');
    const { MlflowSink } = await import('./sink.ts');
    const { plainWarning } = await import('../../tinker/http/open_transport.ts');
    const api = new MlflowApi(tracking_uri ?? (env.MLFLOW_TRACKING_URI || DEFAULT_ADDRESS), { env, signal });
    const warning = api.sendsCredentials ? plainWarning(api.address) : null;
    if (warning !== null) tell(warning);
    const experimentName = experiment_name ?? (env.MLFLOW_EXPERIMENT_NAME || run.group || DEFAULT_EXPERIMENT);
    return new MlflowSink({ api, experimentName, run, tell });
  },
});
