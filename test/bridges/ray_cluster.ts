// A Ray cluster of this machine alone, started as its documentation says, with little memory.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Python, pythonOf } from '../interop/venv.ts';
import { answers, freePort } from '../support/ports.ts';

export const rayPython = (): Promise<Python> =>
  pythonOf({
    name: 'ray',
    requirements: join(import.meta.dirname, 'ray_requirements.txt'),
    packages: 'Ray, about 300 MB,',
  });

const START_MS = 240_000;

export interface RayHead {
  /** Of its dashboard. */
  address: string;
  stop(): Promise<void>;
}

/** What it writes is in `directory`, whose path has to be short: sockets lie there. */
export async function startRay(python: string, directory: string, env: Record<string, string> = {}): Promise<RayHead> {
  const [gcs, dashboard, agent, client] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const ports = {
    port: gcs,
    'dashboard-port': dashboard,
    'dashboard-agent-listen-port': agent,
    'ray-client-server-port': client,
  };
  const head = spawn(
    python,
    [
      // Its scripts name the place where they were installed, which was another.
      ...['-m', 'ray.scripts.scripts'],
      ...['start', '--head', '--block', '--num-cpus', '2', '--object-store-memory', '80000000'],
      ...['--node-ip-address', '127.0.0.1', '--dashboard-host', '127.0.0.1', '--temp-dir', directory],
      // Away from those that the system gives to others.
      ...['--min-worker-port', '20000', '--max-worker-port', '20200', '--disable-usage-stats'],
      ...Object.entries(ports).flatMap(([name, port]) => [`--${name}`, `${port}`]),
    ],
    // A group of its own: it consists of a dozen processes, and all are to end.
    { stdio: 'ignore', detached: true, env: { ...process.env, ...env } },
  );
  const ended = once(head, 'exit');
  const stop = async () => {
    if (head.pid === undefined || head.exitCode !== null) return;
    // It ends the others, which are in groups of their own, when it is asked to.
    process.kill(head.pid, 'SIGTERM');
    await ended;
  };
  const address = `http://127.0.0.1:${dashboard}`;
  const until = performance.now() + START_MS;
  while (!(await answers(`${address}/api/jobs/`))) {
    if (head.exitCode !== null || performance.now() > until) {
      await stop();
      throw new Error(`Ray did not start (${head.exitCode ?? 'no answer'})`);
    }
    await sleep(200);
  }
  return { address, stop };
}
