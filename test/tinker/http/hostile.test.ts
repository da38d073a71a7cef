// What the client makes of services that answer without end or sense.

import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { Credential } from '../../../src/tinker/http/credentials.ts';
import { Connections, EndlessAnswerError } from '../../../src/tinker/http/exchange.ts';
import { noAnswer, Transport } from '../../../src/tinker/http/transport.ts';

async function listening(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

async function transportTo(address: string): Promise<Transport> {
  const transport = new Transport({ address, credential: await Credential.of(address, {}), notify: () => undefined });
  onTestFinished(() => transport.close());
  return transport;
}

function withoutEnd(response: ServerResponse): void {
  const more = () => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536, ' ')));
    response.once('drain', more);
  };
  more();
}

it('lets go of an answer that does not end', async () => {
  const url = await listening((_, response) => withoutEnd(response));
  const connections = new Connections(url, 2 ** 20);
  onTestFinished(() => connections.close());
  const request = { method: 'GET', headers: {}, body: undefined, timeoutMs: 60_000, signals: [] };
  await expect(connections.exchange(url, request)).rejects.toBeInstanceOf(EndlessAnswerError);
});

it('reads of a refusal without end what it shows', async () => {
  const address = await listening((_, response) => {
    response.statusCode = 403;
    withoutEnd(response);
  });
  const transport = await transportTo(address);
  const opened = transport.open(`${address}/file`, new AbortController().signal);
  await expect(opened).rejects.toMatchObject({ status: 403, message: expect.stringMatching(/^.{1,700}$/) });
});

it('says that words which are nested too deep cannot be shown', async () => {
  const deep = `{"detail":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`;
  const address = await listening((_, response) => {
    response.writeHead(400, { 'Content-Type': 'application/json' }).end(deep);
  });
  const transport = await transportTo(address);
  await expect(transport.attempt({ path: '/api/v1/x', json: {}, read: noAnswer })).rejects.toMatchObject({
    message: 'POST /api/v1/x: HTTP 400: something that is nested too deep to be shown',
  });
});

it('opens no file whose address is none, and follows no redirect to such a one', async () => {
  const address = await listening((_, response) => response.writeHead(302, { Location: 'http://a b/' }).end());
  const transport = await transportTo(address);
  for (const url of ['http://\u001b[31m', `${address}/file`]) {
    const opened = transport.open(url, new AbortController().signal);
    await expect(opened).rejects.toThrow(/names a file at http:\/\/.*, which is no address$/);
  }
});
