// The HTTP of the server: who may ask, how much, and what is said of requests that lead nowhere.

import { createHash, timingSafeEqual } from 'node:crypto';
import { type Context, Hono, type HonoRequest } from 'hono';
import { routePath } from 'hono/route';
import { stackOf } from '../../util/errors.ts';
import { isLoopbackUrl } from '../../util/loopback.ts';
import { checkpointRoutes } from './checkpoint_routes.ts';
import { customLossRoutes } from './custom_loss_routes.ts';
import { downloadRoutes } from './downloads.ts';
import { refusalAnswer } from './http.ts';
import { detailAnswer, type MoreRoutes, routesOf } from './more_routes.ts';
import { shuttingDown } from './refusal.ts';
import { samplingRoutes } from './sampling_routes.ts';
import { sessionRoutes } from './session_routes.ts';
import type { TinkerServer } from './tinker_server.ts';
import { trainingRoutes } from './training_routes.ts';
import { weightsRoutes } from './weights_routes.ts';

export interface AppOptions {
  /** What clients must send as X-API-Key, or as the bearer of Authorization; null: they may send anything. */
  key: string | null;
  /** Served besides the API. */
  more?: readonly MoreRoutes[];
  /** Told of failures that no client is to blame for. */
  report(error: unknown): void;
}

export function tinkerApp(server: TinkerServer, { key, more = [], report }: AppOptions): Hono {
  const api = new Hono();
  sessionRoutes(api, server);
  trainingRoutes(api, server);
  samplingRoutes(api, server);
  checkpointRoutes(api, server);
  customLossRoutes(api, server);
  weightsRoutes(api, server);

  const app = new Hono();
  const isKey = key === null ? () => true : keyCheck(key);
  app.use(async (context, next) => {
    await next();
    server.counters.request({ method: context.req.method, route: routeOf(context), status: context.res.status });
  });
  app.use(async ({ req }, next) => {
    const { refuse = detailAnswer } = routesOf(more, req.path) ?? {};
    const foreign = foreignPage(req, key);
    if (foreign !== null) return refuse(403, `requests from pages of ${foreign} are not answered`);
    return await next();
  });
  downloadRoutes(app, server);
  app.use(async ({ req }, next) => {
    const { refuse = detailAnswer, path, isPublic = false } = routesOf(more, req.path) ?? {};
    const sent = sentKey(req);
    if (!isKey(sent) && !(isPublic && req.path === path)) {
      const wrong = sent === undefined ? 'the request has no key' : 'the key of the request is not that of this server';
      return refuse(
        401,
        `${wrong}: what the server has from its --key-env is to be sent, as X-API-Key (TINKER_API_KEY of the SDK) or as Authorization: Bearer`,
      );
    }
    if (server.isClosing && !/\/retrieve_futures?$/.test(req.path)) {
      return refuse(503, shuttingDown().message);
    }
    return await next();
  });
  app.route('/api/v1', api);
  for (const { path, app: routes } of more) app.route(path, routes);
  app.notFound(({ req }) => {
    const { refuse = detailAnswer } = routesOf(more, req.path) ?? {};
    return refuse(404, `there is no ${req.method} ${req.path} here`);
  });
  app.onError((error, { req }) => {
    const refusal = refusalAnswer(error);
    if (refusal !== null) return refusal;
    // Whoever broke off in the middle of a body reads no answer.
    if (!req.raw.signal.aborted) report(new Error(`${req.method} ${req.path}: ${stackOf(error)}`));
    return detailAnswer(500, 'the server failed; its log says why');
  });
  return app;
}

/** The pattern that the path fits, without what its parts must look like. */
function routeOf(context: Context): string {
  const pattern = routePath(context, -1);
  return pattern.endsWith('/*') ? 'none' : pattern.replace(/\{.*\}/, '');
}

function sentKey(req: HonoRequest): string | undefined {
  return req.header('X-API-Key') ?? /^Bearer +(\S+)$/i.exec(req.header('Authorization') ?? '')?.[1];
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
