// The HTTP of the server: who may ask, how much, and what is said of requests that lead nowhere.

import { createHash, timingSafeEqual } from 'node:crypto';
import { Hono, type HonoRequest } from 'hono';
import { stackOf } from '../../util/errors.ts';
import { isLoopbackUrl } from '../../util/loopback.ts';
import { checkpointRoutes } from './checkpoint_routes.ts';
import { customLossRoutes } from './custom_loss_routes.ts';
import { downloadRoutes } from './downloads.ts';
import { jsonAnswer, refusalAnswer } from './http.ts';
import { samplingRoutes } from './sampling_routes.ts';
import { sessionRoutes } from './session_routes.ts';
import type { TinkerServer } from './tinker_server.ts';
import { trainingRoutes } from './training_routes.ts';
import { weightsRoutes } from './weights_routes.ts';

export interface AppOptions {
  /** What clients must send as X-API-Key; null: they may send anything. */
  key: string | null;
  /** Told of failures that no client is to blame for. */
  report(error: unknown): void;
}

export function tinkerApp(server: TinkerServer, { key, report }: AppOptions): Hono {
  const api = new Hono();
  sessionRoutes(api, server);
  trainingRoutes(api, server);
  samplingRoutes(api, server);
  checkpointRoutes(api, server);
  customLossRoutes(api, server);
  weightsRoutes(api, server);

  const app = new Hono();
  const isKey = key === null ? () => true : keyCheck(key);
  app.use(async ({ req }, next) => {
    const foreign = foreignPage(req, key);
    if (foreign !== null) return jsonAnswer({ detail: `requests from pages of ${foreign} are not answered` }, 403);
    return await next();
  });
  downloadRoutes(app, server);
  app.use(async ({ req }, next) => {
    if (!isKey(req.header('X-API-Key'))) {
      return jsonAnswer({ detail: 'the key of the request (X-API-Key) is not that of this server' }, 401);
    }
    if (server.isClosing && !/\/retrieve_futures?$/.test(req.path)) {
      return jsonAnswer({ detail: 'this server is shutting down' }, 503);
    }
    return await next();
  });
  app.route('/api/v1', api);
  app.notFound(({ req }) => jsonAnswer({ detail: `there is no ${req.method} ${req.path} here` }, 404));
  app.onError((error, { req }) => {
    const refusal = refusalAnswer(error);
    if (refusal !== null) return refusal;
    // Whoever broke off in the middle of a body reads no answer.
    if (!req.raw.signal.aborted) report(new Error(`${req.method} ${req.path}: ${stackOf(error)}`));
    return jsonAnswer({ detail: 'the server failed; its log says why' }, 500);
  });
  return app;
}

/**
 * A page of some website must not train here because its reader runs a server. Where there is no key, the server listens on this
 * machine alone, and who calls it by another name is such a page too, whose name was made to lead here.
 */
function foreignPage(req: HonoRequest, key: string | null): string | null {
  const url = new URL(req.url);
  const page = req.header('Origin');
  if (page !== undefined && page !== url.origin) return page;
  return key === null && !isLoopbackUrl(url) ? url.hostname : null;
}

function keyCheck(key: string): (sent: string | undefined) => boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const wanted = digest(key);
  return (sent) => sent !== undefined && timingSafeEqual(digest(sent), wanted);
}
