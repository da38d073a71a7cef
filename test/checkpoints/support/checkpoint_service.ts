// A service that only keeps checkpoints, on a real socket: what is listed, handed out and changed, with every request on record.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { writeAdapter } from '../../../src/formats/adapter.ts';
import { openModelFiles } from '../../../src/formats/model_files.ts';
import { linearModules } from '../../../src/formats/modules.ts';
import type { JsonObject } from '../../../src/util/json.ts';
import { TINY } from '../../support/tinker_server.ts';

interface Heard {
  request: string;
  key: string | undefined;
  json: JsonObject;
}

interface Reply {
  status?: number;
  json?: JsonObject;
  bytes?: Buffer;
  headers?: Record<string, string>;
  /** The connection is cut after so many bytes. */
  cutAfter?: number;
}

/** Answers by method and path; what has no answer is not found. */
export type Answers = Record<string, Reply | ((heard: Heard) => Reply)>;

/** Closed behind the test. Paths are those below the address. */
export async function serve(answers: Answers) {
  const heard: Heard[] = [];
  const server = createServer((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const text = Buffer.concat(parts).toString();
    const key = request.headers['x-api-key'];
    const { pathname, search } = new URL(request.url ?? '', 'http://service');
    const one: Heard = {
      request: `${request.method} ${pathname.replace('/api/v1/', '')}${search}`,
      key: Array.isArray(key) ? undefined : key,
      json: text === '' ? {} : JSON.parse(text),
    };
    heard.push(one);
    const known = answers[one.request] ?? answers[one.request.replace(/\?.*$/, '')] ?? { status: 404 };
    send(response, typeof known === 'function' ? known(one) : known);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const place = server.address();
  const port = typeof place === 'object' && place !== null ? place.port : 0;
  return { url: `http://127.0.0.1:${port}`, heard, requests: () => heard.map(({ request }) => request) };
}

function send(response: ServerResponse, { status = 200, json, bytes, headers = {}, cutAfter }: Reply): void {
  const body = bytes ?? Buffer.from(JSON.stringify(json ?? {}));
  const type = bytes === undefined ? 'application/json' : 'application/octet-stream';
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length, ...headers });
  if (cutAfter === undefined) response.end(body);
  else response.write(body.subarray(0, cutAfter), () => response.destroy());
}

/** A checkpoint as services list it. */
export function listedAs(path: string, more: JsonObject = {}): JsonObject {
  const type = path.includes('/sampler_weights/') ? 'sampler' : 'training';
  return { checkpoint_id: path, checkpoint_type: type, tinker_path: path, time: '2026-10-01T10:00:00Z', ...more };
}

/** The files of an adapter for the tiny model. @param base what it says of the model that it is for */
export async function adapterFiles(base: string | null): Promise<{ name: string; body: Buffer }[]> {
  const directory = await mkdtemp(join(tmpdir(), 'cookbook-adapter-'));
  const { config } = await openModelFiles(TINY);
  const [[name, module]] = [...linearModules(config)];
  const factors = new Map([[name, { A: new Float32Array(2 * module.in), B: new Float32Array(2 * module.out) }]]);
  await writeAdapter(directory, { rank: 2, alpha: 4, base_model_name_or_path: base, factors }, config);
  const names = ['adapter_config.json', 'adapter_model.safetensors'];
  const files = await Promise.all(
    names.map(async (each) => ({ name: each, body: await readFile(join(directory, each)) })),
  );
  await rm(directory, { recursive: true });
  return files;
}
