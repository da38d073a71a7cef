// A real server with all that `cookbook serve` serves, and clients of OpenAI's API on it.

import { routesBesides } from '../../src/serve/routes.ts';
import { isJsonObject, type JsonObject } from '../../src/util/json.ts';
import { openServer, type ServerOptions } from './tinker_server.ts';

export async function openServed(options: Omit<ServerOptions, 'more'> = {}) {
  const failures: unknown[] = [];
  const more = await routesBesides((error) => failures.push(error));
  const server = await openServer({ ...options, more });
  return { ...server, failures, ask: asker(server.url) };
}

/** What a route beside OpenAI's answers. */
export async function jsonFrom(url: string, headers: Record<string, string> = {}): Promise<JsonObject> {
  const answer: unknown = await (await fetch(url, { headers })).json();
  if (isJsonObject(answer)) return answer;
  throw new Error(`${url} answered no object`);
}

interface Asked {
  status: number;
  body: JsonObject;
}

/** Posts to a route of OpenAI's API, or gets from it where there is no body. */
function asker(url: string) {
  return async (path: string, body?: object, headers: Record<string, string> = {}): Promise<Asked> => {
    const init = body === undefined ? { headers } : { method: 'POST', body: JSON.stringify(body), headers };
    const response = await fetch(`${url}/oai/api/v1/${path}`, init);
    const answer: unknown = await response.json();
    if (!isJsonObject(answer)) throw new Error(`${path} answered no object`);
    return { status: response.status, body: answer };
  };
}

/** The pieces of an answer that comes as events; `[DONE]` must be the last of them. */
export async function streamed(url: string, path: string, body: object): Promise<JsonObject[]> {
  const response = await fetch(`${url}/oai/api/v1/${path}`, {
    method: 'POST',
    body: JSON.stringify({ ...body, stream: true }),
  });
  const events = (await response.text()).split('\n\n').filter((event) => event !== '');
  if (events.pop() !== 'data: [DONE]') throw new Error(`the last event of ${path} is not [DONE]`);
  return events.map((event) => {
    const piece: unknown = JSON.parse(event.slice('data: '.length));
    if (!isJsonObject(piece)) throw new Error(`a piece of ${path} is no object`);
    return piece;
  });
}

export function choicesOf({ choices }: JsonObject): JsonObject[] {
  if (!Array.isArray(choices)) throw new Error('there are no choices');
  return choices.filter(isJsonObject);
}
