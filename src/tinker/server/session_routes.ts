// Routes of sessions and of what belongs to no model: configuration, capabilities, telemetry, results.

import type { Hono } from 'hono';
import type { Futures } from './futures.ts';
import { bodyOf, bytesOf, jsonAnswer, noContent, outcomeAnswer } from './http.ts';
import { Refusal } from './refusal.ts';
import { metadataOf, textOf, textOrNull } from './requests.ts';
import type { TinkerServer } from './tinker_server.ts';

/** What clients do where they have a choice. */
const CLIENT_CONFIG = {
  pjwt_auth_enabled: false,
  credential_default_source: 'api_key',
  // Chunks in their order: they would only wait for each other here.
  parallel_fwdbwd_chunks: false,
  // To compress takes longer than to send on this machine.
  proto_compress_fwdbwd: false,
  use_pyqwest_transport: false,
  // Numbers of copies are then small enough for clients that read them as floats.
  sample_join_sampling_session: true,
  // Clients of this package ask for fewer log-probs than all, as they do of the engine in their own process.
  knows_logprob_masks: true,
};

export function sessionRoutes(app: Hono, server: TinkerServer): void {
  const { backend, checkpoints, futures, limits, samplers, sessions } = server;
  const read = (context: Parameters<typeof bodyOf>[0]) => bodyOf(context, limits.bodyBytes);

  app.get('/healthz', () => jsonAnswer({ status: 'ok' }));
  app.post('/client/config', () => jsonAnswer({ ...CLIENT_CONFIG, custom_loss_server_side: server.customLosses }));
  app.post('/client/dynamic_config', () => jsonAnswer({ refresh_interval_sec: 300, sample_cancel_enabled: true }));
  app.get('/get_server_capabilities', () =>
    jsonAnswer({
      supported_models: backend.models.map(({ name, max_context_length }) => ({
        model_name: name,
        max_context_length,
        trainable: true,
        sampleable: true,
      })),
    }),
  );
  // Nobody looks at it; clients complain where it is refused.
  app.post('/telemetry', async (context) => {
    await bytesOf(context, limits.bodyBytes);
    return jsonAnswer({ status: 'accepted' });
  });

  app.post('/create_session', async (context) => {
    const body = await read(context);
    const session = sessions.create({
      user_metadata: metadataOf(body),
      display_name: textOrNull(body, 'display_name'),
    });
    return jsonAnswer({ type: 'create_session', session_id: session.id });
  });
  app.post('/session_heartbeat', async (context) => {
    sessions.get(textOf(await read(context), 'session_id'));
    return jsonAnswer({ type: 'session_heartbeat' });
  });
  app.post('/sessions/:id/finish', async (context) => {
    await read(context);
    const id = context.req.param('id');
    try {
      sessions.get(id);
    } catch (error) {
      // The first end counts, and another is no error.
      if (error instanceof Refusal && error.status === 410) return noContent();
      throw error;
    }
    await server.endSession(id, 'was finished by its client');
    return noContent();
  });
  app.get('/sessions', () => jsonAnswer({ sessions: sessions.ids() }));
  app.get('/sessions/:id', (context) => {
    const { models, samplers: made, user_metadata, display_name } = sessions.get(context.req.param('id'));
    return jsonAnswer({ training_run_ids: [...models], sampler_ids: [...made], user_metadata, display_name });
  });

  app.post('/retrieve_future', async (context) => {
    const id = textOf(await read(context), 'request_id');
    sessions.of(id);
    const outcome = await futures.poll(id, context.req.raw.signal);
    if (outcome !== null) return outcomeAnswer(outcome, context.req.header('Accept'));
    return jsonAnswer({ type: 'try_again', request_id: id, queue_state: 'active' }, 408);
  });
  app.post('/cancel_future', async (context) => {
    cancelSample(futures, textOf(await read(context), 'request_id'));
    return noContent();
  });

  app.post('/join_sampling_session', async (context) => {
    const id = textOf(await read(context), 'sampling_session_id');
    samplers.get(id);
    const session = sessions.of(id);
    session.clones += 1;
    return jsonAnswer({ type: 'join_sampling_session', client_counter: session.clones });
  });
  app.post('/weights_info', async (context) => {
    const { run } = checkpoints.find(textOf(await read(context), 'tinker_path'));
    const { base_model, lora_rank, train_attn, train_mlp, train_unembed } = run;
    return jsonAnswer({ base_model, is_lora: true, lora_rank, train_attn, train_mlp, train_unembed });
  });
}

/** Training goes on: what was done of it could not be taken back. */
function cancelSample(futures: Futures, id: string): void {
  if (id.includes(':sample:')) futures.cancel(id);
}
