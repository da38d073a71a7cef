// The routes of OpenAI's API, with which ordinary clients talk to what is served and to what was trained.

import { type Context, Hono } from 'hono';
import type { MoreRoutes } from '../../tinker/server/more_routes.ts';
import type { TinkerServer } from '../../tinker/server/tinker_server.ts';
import { WireError } from '../../tinker/wire/error.ts';
import { stackOf } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, jsonProblem } from '../../util/json.ts';
import { chatCompletion, chatPieces } from './chat.ts';
import { chatRequestOf } from './chat_request.ts';
import { completion, completionPieces, completionRequestOf } from './completions.ts';
import { type ApiFailure, failure, failureAnswer, failureOf, refuseAsOpenAi } from './errors.ts';
import { eventStream } from './event_stream.ts';
import { OpenAiModels } from './models.ts';
import { OpenAiSession } from './session.ts';

const OPENAI_PATH = '/oai/api/v1';

/** No status of HTTP's: what servers count under it was broken off by its client. */
const CLIENT_CLOSED = 499;

export interface OpenAiRoutes extends MoreRoutes {
  session: OpenAiSession;
}

/** A request, and how it is answered. */
interface Route<Request extends { stream: boolean }> {
  read(body: JsonObject, models: OpenAiModels): Promise<Request>;
  whole(session: OpenAiSession, request: Request, signal: AbortSignal): Promise<JsonObject>;
  pieces(session: OpenAiSession, request: Request, signal: AbortSignal): AsyncGenerator<JsonObject>;
}

/** `report` is told of failures that no client is to blame for. */
export function openAiRoutes(server: TinkerServer, report: (error: unknown) => void): OpenAiRoutes {
  const app = new Hono();
  const models = new OpenAiModels(server);
  const session = new OpenAiSession(server);
  const failed = (error: unknown): ApiFailure => {
    const known = failureOf(error);
    if (known === null) report(new Error(`OpenAI API: ${stackOf(error)}`));
    return known ?? failure(500, 'the server failed; its log says why');
  };
  const answer =
    <Request extends { stream: boolean }>({ read, whole, pieces }: Route<Request>) =>
    async (context: Context): Promise<Response> => {
      const request = await read(bodyOf(await server.bodies.bytes(context)), models);
      const abort = abortWith(context.req.raw.signal);
      try {
        if (!request.stream) return Response.json(await whole(session, request, abort.signal));
        return await eventStream(pieces(session, request, abort.signal), { abort, failed });
      } catch (error) {
        // The other prompts of the request are computed for nobody.
        abort.abort(error);
        throw error;
      }
    };

  app.get('/models', () => Response.json({ object: 'list', data: models.list() }));
  // Paths of checkpoints have slashes.
  app.get('/models/:model{.+}', (context) => Response.json(models.describe(context.req.param('model'))));
  app.post('/completions', answer({ read: completionRequestOf, whole: completion, pieces: completionPieces }));
  app.post('/chat/completions', answer({ read: chatRequestOf, whole: chatCompletion, pieces: chatPieces }));
  app.onError((error, { req }) => {
    // Whoever broke off reads no answer.
    if (req.raw.signal.aborted) return failureAnswer(failure(CLIENT_CLOSED, 'the request was broken off'));
    return failureAnswer(failed(error));
  });
  return { path: OPENAI_PATH, app, refuse: refuseAsOpenAi, session };
}

/** Where other servers have it, and its clients look for it: they are told where it is. */
export const openAiElsewhere: MoreRoutes = {
  path: '/v1',
  app: new Hono(),
  refuse: (status, detail) =>
    refuseAsOpenAi(status, status === 404 ? `${detail}: OpenAI's API is at ${OPENAI_PATH}` : detail),
};

/** Aborted with the signal, for a reason that is an error whatever the signal's is. */
function abortWith(signal: AbortSignal): AbortController {
  const abort = new AbortController();
  const gone = () => abort.abort(new Error('the client went away'));
  signal.addEventListener('abort', gone, { once: true });
  if (signal.aborted) gone();
  return abort;
}

function bodyOf(bytes: Uint8Array): JsonObject {
  const text = new TextDecoder().decode(bytes);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new WireError('', jsonProblem(error), { cause: error });
  }
  if (isJsonObject(body)) return body;
  throw new WireError('', 'the body must be a JSON object');
}
