// A hub that can be written to, on this machine: the routes that an upload takes, the files that were committed, and answers that go wrong.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/util/json.ts';

export interface HubOptions {
  /** The token that may write. */
  token?: string;
  /** How large files are taken: in one piece, or in parts. */
  transfer?: 'basic' | 'multipart';
  /** Names of repositories that are there already, and whether they are private. */
  repositories?: Record<string, boolean>;
  /** What a route answers in the place of what it should: statuses by the route's name, one for each call until they are used up. */
  faults?: Partial<Record<Route, readonly number[]>>;
  /** Every page of a listing names a next one, which is the same again. */
  endless?: boolean;
}

type Route = 'create' | 'branch' | 'preupload' | 'batch' | 'object' | 'part' | 'verify' | 'commit';

export interface WritableHub {
  url: string;
  /** Requests, as `METHOD /path`. */
  requests: string[];
  /** What commits have brought: `REPO@BRANCH` → path → contents. */
  files: Map<string, Map<string, Buffer>>;
  /** Titles of commits. */
  titles: string[];
  /** Repositories that were made, and whether they are private. */
  made: Record<string, boolean>;
}

const PART_BYTES = 64 * 1024;
const OID = 'a'.repeat(40);

export async function writableHub({
  token = 'hf_writes',
  transfer = 'basic',
  repositories = {},
  faults = {},
  endless = false,
}: HubOptions = {}): Promise<WritableHub> {
  const made: Record<string, boolean> = { ...repositories };
  const requests: string[] = [];
  const titles: string[] = [];
  const files = new Map<string, Map<string, Buffer>>();
  const objects = new Map<string, Buffer>();
  const parts = new Map<string, Buffer[]>();
  const left = new Map(Object.entries(faults).map(([route, statuses]) => [route, [...statuses]]));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const [path = ''] = url.split('?');
    requests.push(`${method} ${path}`);
    const body = await bytesOf(request);
    const send = (status: number, value: JsonValue, headers: Record<string, string> = {}) =>
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(value));
    const fails = (route: Route): boolean => {
      const status = left.get(route)?.shift();
      if (status === undefined) return false;
      send(status, { error: `${route} says ${status} to ${request.headers.authorization}` });
      return true;
    };
    const upload = /^\/upload\/(\w+)(?:\/(\d+))?$/.exec(path);
    if (upload !== null) {
      if (fails('part')) return;
      const [, oid = '', number] = upload;
      if (number === undefined) objects.set(oid, body);
      else (parts.get(oid) ?? setNew(parts, oid))[Number(number) - 1] = body;
      response.writeHead(200, { ETag: `"${number ?? 0}"` }).end();
      return;
    }
    const complete = /^\/complete\/(\w+)$/.exec(path);
    if (complete !== null) {
      objects.set(complete[1] ?? '', Buffer.concat(parts.get(complete[1] ?? '') ?? []));
      send(200, {});
      return;
    }
    if (request.headers.authorization !== `Bearer ${token}`) {
      send(401, { error: `Invalid credentials: ${request.headers.authorization}` });
      return;
    }
    if (path === '/api/repos/create') {
      const { name, organization, visibility } = objectIn(body);
      const repo = `${organization}/${name}`;
      if (fails('create')) return;
      if (repo in made) send(409, { error: 'You already created this model repo' });
      else {
        made[repo] = visibility === 'private';
        send(200, { url: `http://hub/${repo}`, id: repo });
      }
      return;
    }
    const [, repo = '', action = '', branch = ''] =
      /^\/api\/models\/([^/]+\/[^/]+)(?:\/(branch|preupload|commit|revision|tree)\/([^/]+))?$/.exec(path) ?? [];
    if (repo !== '' && (action === '' || action === 'revision')) {
      if (repo in made)
        send(200, {
          _id: '1',
          id: repo,
          private: made[repo] ?? false,
          gated: false,
          downloads: 0,
          likes: 0,
          lastModified: '2026-01-01T00:00:00.000Z',
        });
      else send(404, { error: 'Repository not found' });
    } else if (action === 'tree') {
      const held = files.get(`${repo}@${decodeURIComponent(branch)}`) ?? new Map<string, Buffer>();
      send(
        200,
        [...held].map(([path, { length }]) => ({ type: 'file', path, size: length, oid: OID })),
        endless ? { Link: `<http://${request.headers.host}${url}>; rel="next"` } : {},
      );
    } else if (action === 'branch') {
      if (!fails('branch')) send(200, {});
    } else if (action === 'preupload') {
      if (fails('preupload')) return;
      const { files: asked = [] } = objectIn(body);
      const modes = listOf(asked).map(({ path, size }) => ({
        path: path ?? '',
        uploadMode: /\.safetensors$/.test(String(path)) || Number(size) > 10_000_000 ? 'lfs' : 'regular',
      }));
      send(200, { files: modes });
    } else if (/\.git\/info\/lfs\/objects\/batch$/.test(path)) {
      if (fails('batch')) return;
      const { objects: asked = [] } = objectIn(body);
      send(200, { transfer, objects: listOf(asked).map((object) => grant(object, `http://${request.headers.host}`)) });
    } else if (/^\/verify$/.test(path)) {
      if (!fails('verify')) send(200, {});
    } else if (action === 'commit') {
      if (fails('commit')) return;
      const lines = body
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== '');
      take(
        `${repo}@${decodeURIComponent(branch)}`,
        lines.map((line) => objectIn(Buffer.from(line))),
      );
      send(200, { success: true, commitOid: OID, commitUrl: `http://hub/${repo}/commit/${OID}`, hookOutput: '' });
    } else send(404, { error: 'no such route' });
  }

  function grant({ oid = '', size = 0 }: JsonObject, host: string): JsonObject {
    if (objects.has(String(oid))) return { oid, size };
    const code = left.get('object')?.shift();
    if (code !== undefined) return { oid, size, error: { code, message: 'this object is not welcome' } };
    const href = `${host}/upload/${oid}`;
    if (transfer === 'basic') return { oid, size, actions: { upload: { href } } };
    const count = Math.max(1, Math.ceil(Number(size) / PART_BYTES));
    const header = Object.fromEntries(Array.from({ length: count }, (_, i) => [String(i + 1), `${href}/${i + 1}`]));
    return {
      oid,
      size,
      actions: { upload: { href: `${host}/complete/${oid}`, header: { chunk_size: String(PART_BYTES), ...header } } },
    };
  }

  function take(place: string, lines: readonly JsonObject[]): void {
    const held = files.get(place) ?? new Map<string, Buffer>();
    files.set(place, held);
    for (const { key, value } of lines) {
      if (!isJsonObject(value)) continue;
      const { path, content, oid, summary } = value;
      if (key === 'header') titles.push(String(summary));
      else if (key === 'file') held.set(String(path), Buffer.from(String(content), 'base64'));
      else if (key === 'deletedFile') held.delete(String(path));
      else if (key === 'lfsFile') {
        const object = objects.get(String(oid)) ?? Buffer.alloc(0);
        const digest = createHash('sha256').update(object).digest('hex');
        held.set(String(path), digest === oid ? object : Buffer.from('damaged'));
      }
    }
  }

  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, requests, files, titles, made };
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function objectIn(body: Buffer): JsonObject {
  const value: unknown = JSON.parse(body.toString('utf8'));
  return isJsonObject(value) ? value : {};
}

const listOf = (value: JsonValue): JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);

function setNew(parts: Map<string, Buffer[]>, oid: string): Buffer[] {
  const list: Buffer[] = [];
  parts.set(oid, list);
  return list;
}
