// Connections of a plain server: which of those that stand still are let go of, and what is still answered when it closes.

import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Connections } from '../../../src/tinker/server/connections.ts';

const STALLED_MS = 60;
const FOREVER_MS = 1e6;
/** More than fits on the way. */
const LARGE = 'x'.repeat(2 ** 24);

interface Opened {
  server: Server;
  connections: Connections;
  port: number;
  url: string;
}

async function opened(answer: RequestListener, stalledMs = STALLED_MS): Promise<Opened> {
  const server = createServer(answer);
  const connections = new Connections(server, stalledMs);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { server, connections, port, url: `http://127.0.0.1:${port}` };
}

it('a client that goes away is gone for all that it has asked for, also where an earlier answer was still to come', async () => {
  const closed: string[] = [];
  const asked: string[] = [];
  const { server, port } = await opened(({ url = '' }, response) => {
    asked.push(url);
    response.on('close', () => closed.push(url));
    response.write('never whole');
  }, FOREVER_MS);
  const taken = once(server, 'connection');
  const socket = connect(port, '127.0.0.1');
  const requests = ['/1', '/2', '/3'].map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  socket.on('error', () => undefined).write(requests.join(''));
  await expect.poll(() => asked).toEqual(['/1', '/2', '/3']);
  const [theirs] = await taken;
  socket.destroy();
  await once(theirs, 'close');
  await expect.poll(() => closed.toSorted()).toEqual(['/1', '/2', '/3']);
});

describe('a connection that stands still', () => {
  it('waits for what is computed, before the answer and within it', async () => {
    const { url } = await opened(async (_, response) => {
      await sleep(4 * STALLED_MS);
      response.write('first ');
      await sleep(4 * STALLED_MS);
      response.end('second');
    });
    expect(await (await fetch(url)).text()).toBe('first second');
  });

  it('is let go of where the client stops within its request', async () => {
    const { port } = await opened((request) => request.on('error', () => undefined).resume());
    const socket = connect(port, '127.0.0.1');
    socket.resume().write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf');
    await once(socket, 'close');
  });

  it('is let go of where the client takes nothing of its answer', async () => {
    const { server, port } = await opened((_, response) => response.end(LARGE));
    const taken = once(server, 'connection');
    const socket = connect(port, '127.0.0.1').pause();
    socket.on('error', () => undefined).write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [theirs] = await taken;
    await once(theirs, 'close');
    socket.destroy();
  });
});

describe('a server that closes', () => {
  it('lets its answers go out', async () => {
    const { connections, url } = await opened(async (_, response) => {
      response.write('begun ');
      await sleep(50);
      response.end(LARGE);
    }, FOREVER_MS);
    const text = (await fetch(url)).text();
    await Promise.all([connections.close(FOREVER_MS), text]);
    expect(await text).toBe(`begun ${LARGE}`);
  });

  it('cuts an answer that does not end', async () => {
    const { connections, url } = await opened((_, response) => response.write('begun '), FOREVER_MS);
    const text = expect((await fetch(url)).text()).rejects.toThrow();
    await connections.close(50);
    await text;
  });
});
