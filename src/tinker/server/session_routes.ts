// Routes of sessions and of what belongs to no model: configuration, capabilities, telemetry, results.

import type { Hono } from 'hono';
import type { ExactJsonObject } from '../wire/json.ts';
import { fieldOf, objectAt, optional } from '../wire/json_fields.ts';
import type { Futures } from './futures.ts';
import { goneSignal, jsonAnswer, noContent, outcomeAnswer } from './http.ts';
import { page } from './paging.ts';
import { Refusal } from './refusal.ts';
import { beginningOf, keptTextOrNull, metadataOf, textOf } from './requests.ts';
import { searchSessions, statusOf } from './session_search.ts';
import type { SessionEnd } from './sessions.ts';
import type { TinkerServer } from './tinker_server.ts';

const SESSIONS_SHOWN = 20;

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
  const { backend, bodies, futures, sessions } = server;

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
    await bodies.bytes(context);
    return jsonAnswer({ status: 'accepted' });
  });

  app.post('/create_session', async (context) => {
    const body = await bodies.json(context);
    const session = sessions.create({
      user_metadata: metadataOf(body),
      display_name: keptTextOrNull(body, 'display_name'),
    });
    return jsonAnswer({ type: 'create_session', session_id: session.id });
  });
  app.post('/session_heartbeat', async (context) => {
    sessions.get(textOf(await bodies.json(context), 'session_id'));
    return jsonAnswer({ type: 'session_heartbeat' });
  });
  app.post('/sessions/:id/finish', async (context) => {
    const finished = finishOf(await bodies.json(context));
    const id = context.req.param('id');
    try {
      sessions.get(id);
    } catch (error) {
      // The first end counts, and another is no error.
      if (error instanceof Refusal && error.status === 410) return noContent();
      throw error;
    }
    await server.endSession(id, 'was finished by its client', finished);
    return noContent();
  });
  app.get('/sessions', (context) => {
    const { shown, cursor } = page(context, sessions.all(), SESSIONS_SHOWN);
    return jsonAnswer({ sessions: shown.map(({ id }) => id), cursor });
  });
  app.get('/sessions/:id', (context) => {
    const session = sessions.about(context.req.param('id'));
    const { models, samplers, user_metadata, display_name, created_at } = session;
    return jsonAnswer({
      training_run_ids: [...models],
      sampler_ids: [...samplers],
      user_metadata,
      display_name,
      created_at,
      status: statusOf(session),
    });
  });
  app.post('/sessions/search', async (context) => jsonAnswer(searchSessions(await bodies.json(context), server)));

  app.post('/retrieve_future', async (context) => {
    const id = textOf(await bodies.json(context), 'request_id');
    sessions.of(id);
    const outcome = await futures.poll(id, goneSignal(context));
    if (outcome !== null) return outcomeAnswer(outcome, context.req.header('Accept'));
    return jsonAnswer({ type: 'try_again', request_id: id, queue_state: 'active' }, 408);
  });
  app.post('/cancel_future', async (context) => {
    cancelSample(futures, textOf(await bodies.json(context), 'request_id'));
    return noContent();
  });
}

/** How its client says that a session ended; clients of before there were reasons say nothing. */
function finishOf(body: ExactJsonObject): SessionEnd['finished'] {
  const reason = optional(fieldOf(body, 'reason'), 'reason', objectAt) ?? {};
  return { reason: beginningOf(reason, 'type') ?? 'success', detail: beginningOf(body, 'detail') };
}

/** Training goes on: what was done of it could not be taken back. */
function cancelSample(futures: Futures, id: string): void {
  if (id.includes(':sample:')) futures.cancel(id);
}
