// The engine in this process does what a service of the Tinker API promises.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { Engine } from '../../src/engine/engine.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { MICROBATCH_TOKENS } from '../support/tinker_server.ts';
import { testApi } from './checks.ts';

const directory = await mkdtemp(join(tmpdir(), 'cookbook-conformance-'));
const model = await writeChatModel(join(directory, 'model'));
const checkpoints = join(directory, 'checkpoints');
const engine = new Engine({ threads: 1 });
afterAll(async () => {
  await engine.close();
  await rm(directory, { recursive: true });
});

testApi({ model, open: () => engine.session({ checkpoints, microbatchTokens: MICROBATCH_TOKENS, seed: 0 }) });
