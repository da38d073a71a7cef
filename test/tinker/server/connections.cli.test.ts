// Ten thousand connections on which half a request is sent: `cookbook serve` as a process holds them all, and serves whoever asks.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { platform } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../../support/temporary_directory.ts';
import { jsonClient, openModel, passJson, TINY } from '../../support/tinker_server.ts';

const PROGRAM = join(import.meta.dirname, '../../../bin/run.js');
const CONNECTIONS = 10_000;
/** What waits to be accepted is bounded by the system, and what does not fit there takes a second to try again. */
const AT_ONCE = 250;
const MEBIBYTE = 2 ** 20;
/** Half a line, half of the headers, and half of a body. */
const HALVES = [
  'POST /api/v1/create_se',
  'POST /api/v1/create_session HTTP/1.1\r\nHost: localhost\r\nX-',
  'POST /api/v1/create_session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"tags"',
];

it('10,000 half-open connections: others are served, in bounded memory', { timeout: 120_000 }, async () => {
  const data = await temporaryDirectory();
  const argv = ['serve', '--model', `tiny=${TINY}`, '--port', '0', '--data', data, '--threads', '1'];
  const server = spawn(process.execPath, [PROGRAM, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    server.kill('SIGKILL');
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
  });
  const [line] = await once(createInterface({ input: server.stdout }), 'line');
  const url = new URL(String(/http:\S+/.exec(String(line))?.[0]));
  const client = jsonClient(url.origin);
  const { model_id } = await openModel(client);
  const first = await client.done('forward_backward', passJson(model_id, 1));
  const before = await heldBy(server.pid);

  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  while (sockets.length < CONNECTIONS) {
    const opened = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, i) => halfOpen(url, HALVES[i % HALVES.length])),
    );
    sockets.push(...opened);
  }
  expect(await client.done('forward_backward', passJson(model_id, 2))).toEqual(first);
  expect(await client.send('GET', 'healthz')).toEqual({ status: 200, body: { status: 'ok' } });
  expect(sockets.filter(({ destroyed }) => destroyed)).toEqual([]);
  expect((await heldBy(server.pid)) - before).toBeLessThan(400 * MEBIBYTE);

  for (const socket of sockets) socket.destroy();
  expect(await client.done('forward_backward', passJson(model_id, 3))).toEqual(first);
  expect(server.exitCode).toBeNull();
});

async function halfOpen({ hostname, port }: URL, half: string): Promise<Socket> {
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  // From now on the server may let go of it.
  socket.on('error', () => undefined);
  socket.write(half);
  return socket;
}

/** Memory of a process in bytes; 0 where the system does not tell. */
async function heldBy(pid: number | undefined): Promise<number> {
  if (platform() !== 'linux') return 0;
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
