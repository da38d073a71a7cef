// The server as others start it: on an address, until it is closed.

import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { boundAddress } from './address.ts';
import { tinkerApp } from './app.ts';
import type { Backend } from './backend.ts';
import { Connections } from './connections.ts';
import { LIMITS, type Limits } from './limits.ts';
import type { MoreRoutes } from './more_routes.ts';
import { TinkerServer } from './tinker_server.ts';
import { refuseUnreadable } from './unreadable.ts';

export interface ListenOptions {
  backend: Backend;
  /** Where checkpoints lie. */
  data: string;
  host: string;
  /** 0: any that is free. */
  port: number;
  /** What clients must send; null: they may send anything. */
  key: string | null;
  limits?: Partial<Limits>;
  /** Whether clients are told to hand over their custom losses; false if absent. */
  customLosses?: boolean;
  /** What it serves besides the API. */
  more?(server: TinkerServer): readonly MoreRoutes[];
  /** Told of what a user may want to know. */
  notify(message: string): void;
  /** Told of failures that no client is to blame for. */
  report(error: unknown): void;
}

export interface RunningServer {
  url: string;
  /** Finishes what is computed, checkpoints above all, and lets go of everything. */
  close(): Promise<void>;
}

/** A client that does not finish its headers, or its request, is let go of. */
const HEADERS_MS = 30_000;
const REQUEST_MS = 600_000;
/** Longer than clients keep a connection that they do not use, so that none is closed under a request. */
const IDLE_MS = 75_000;
/** A client that takes nothing of an answer, or sends nothing of a request, is let go of. */
const STALLED_MS = 120_000;
/** What is answered when the server closes has so long to go out. */
const DRAIN_MS = 3000;

export async function listen(options: ListenOptions): Promise<RunningServer> {
  const { backend, data, host, port, key, customLosses = false, more, notify, report } = options;
  const limits = { ...LIMITS, ...options.limits };
  const tinker = await TinkerServer.open({ backend, data, limits, customLosses, notify, report });
  const { fetch } = tinkerApp(tinker, { key, more: more?.(tinker), report });
  const server = createServer(
    { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: IDLE_MS },
    // With its own Response in the place of the platform's, which costs several times as much.
    getRequestListener(fetch),
  );
  const connections = new Connections(server, STALLED_MS);
  server.on('clientError', refuseUnreadable);
  try {
    const bound = await boundAddress(server, host, port);
    return {
      url: `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`,
      async close() {
        // Whoever still comes is refused with a reason.
        await tinker.close();
        await connections.close(DRAIN_MS);
      },
    };
  } catch (error) {
    await tinker.close();
    throw error;
  }
}
