// A proxy for HTTP through which a part of all exchanges goes wrong: lost before or behind the server, cut at some byte, sent twice,
// late, or answered by the proxy itself.

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { nextUniform, randomFor } from '../../src/util/random.ts';

const FAULTS = ['lost before', 'lost behind', 'cut', 'twice', 'late', '503'] as const;
type Fault = (typeof FAULTS)[number];

export interface FaultyProxy {
  url: string;
  /** How often what has happened. */
  readonly faults: Map<Fault, number>;
}

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** `share` of all exchanges have one of the faults, as the seed decides. */
export async function faultyProxy(
  target: string,
  { share, seed }: { share: number; seed: number },
): Promise<FaultyProxy> {
  const generator = randomFor(seed, 'faults');
  const random = () => nextUniform(generator);
  const faults = new Map<Fault, number>();
  const server = createServer((incoming, response) => {
    const fault = random() < share ? FAULTS[Math.floor(random() * FAULTS.length)] : null;
    if (fault !== null) faults.set(fault, (faults.get(fault) ?? 0) + 1);
    const at = random();
    // Whoever is gone hears nothing.
    exchange(incoming, response, { target, fault, at }).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, faults };
}

async function exchange(
  incoming: IncomingMessage,
  response: ServerResponse,
  { target, fault, at }: { target: string; fault: Fault | null; at: number },
): Promise<void> {
  const body = await bytesOf(incoming);
  if (fault === 'late') await sleep(300 * at);
  if (fault === 'lost before') {
    response.destroy();
    return;
  }
  if (fault === '503') {
    response.writeHead(503, { 'Content-Type': 'text/plain' }).end('no server');
    return;
  }
  const forward = () => forwarded(target, incoming, body);
  const [answer] = fault === 'twice' ? await Promise.all([forward(), forward()]) : [await forward()];
  if (fault === 'lost behind') {
    response.destroy();
    return;
  }
  response.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length });
  if (fault === 'cut')
    response.write(answer.body.subarray(0, Math.floor(at * answer.body.length)), () => response.destroy());
  else response.end(answer.body);
}

function forwarded(target: string, { method, url = '', headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${target}${url}`, { method, headers }, (answer) => {
      const {
        statusCode: status = 0,
        headers: { 'transfer-encoding': _, ...rest },
      } = answer;
      bytesOf(answer).then((bytes) => resolve({ status, headers: rest, body: bytes }), reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
