// A server of this package does what clients count on: asked by the client of this package, and over plain HTTP. So does the
// server at COOKBOOK_CONFORMANCE_URL, where that is set (with COOKBOOK_CONFORMANCE_MODEL, if it has several models).

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { serverTarget } from '../../src/conformance/command.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { openServer } from '../support/tinker_server.ts';
import { testServer } from './checks.ts';

const { COOKBOOK_CONFORMANCE_URL: url = '', COOKBOOK_CONFORMANCE_MODEL: model = null } = process.env;

const directory = await mkdtemp(join(tmpdir(), 'cookbook-conformance-'));
const server = await openServer({
  models: { tiny: await writeChatModel(join(directory, 'model')) },
  until: (close) =>
    afterAll(async () => {
      await close();
      await rm(directory, { recursive: true });
    }),
});

describe('a server of this package', async () => {
  testServer(await serverTarget({ url: server.url, model: null, env: {} }));
});

describe('the server at COOKBOOK_CONFORMANCE_URL', async () => {
  if (url === '') it.skip('is not checked: the variable is not set');
  else testServer(await serverTarget({ url, model, env: process.env }));
});
