// An engine behind a socket, and sessions of it, as the runs of a sweep have them.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { EngineOptions } from '../../src/engine/engine.ts';
import { type AttachOptions, attach } from '../../src/engine/process/client.ts';
import { serveEngine } from '../../src/engine/process/server.ts';
import type { SessionOptions } from '../../src/engine/service.ts';
import type { FullTrainingService } from '../../src/tinker/clients.ts';

export type Attach = (options: Omit<AttachOptions, 'socket' | 'device'>) => Promise<FullTrainingService>;

/** What attaches to a new engine, which ends with the test. */
export async function startEngine({ threads }: Pick<EngineOptions, 'threads'>): Promise<Attach> {
  const directory = await mkdtemp(join(tmpdir(), 'cookbook-'));
  const socket = join(directory, 'engine');
  const engine = await serveEngine({ socket, device: 'cpu', threads });
  const services: FullTrainingService[] = [];
  onTestFinished(async () => {
    await Promise.all(services.map((service) => service.close()));
    await engine.close();
    await rm(directory, { recursive: true, force: true });
  });
  return async (options) => {
    const service = await attach({ ...options, socket, device: 'cpu' });
    services.push(service);
    return service;
  };
}

/** A session on an engine of its own. */
export async function openAttachedService(options: EngineOptions & SessionOptions): Promise<FullTrainingService> {
  const attachTo = await startEngine(options);
  return await attachTo(options);
}
