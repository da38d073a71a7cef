// The files of a run on another machine: in a directory that both see, or in one there that is brought and fetched.

import { leaseHolder, takeLease } from '../../../run_files/lease.ts';
import { watchStopRequest, writeStopRequest } from '../../../run_files/stop_request.ts';
import { CookbookError } from '../../../util/errors.ts';
import { commandLine, type Host, onHost, pull, push } from './connection.ts';
import { type Files, livesThere } from './run_on_host.ts';

/** Both machines see one directory, be it under two names: leases and requests in it reach both. */
export function sharedFiles(directory: string): Files {
  return {
    bring: async () => undefined,
    glimpse: async () => undefined,
    fetch: async () => undefined,
    isLive: async () => (await leaseHolder(directory)) !== null,
    ask: (now) => writeStopRequest(directory, now),
    close: async () => undefined,
  };
}

/** What tells how far a run is. Checkpoints come as one with all that belongs to them, when it has ended. */
const TELLING = ['status.json', 'metrics.jsonl', 'logs.log'];

class RemoteError extends CookbookError {
  override readonly code = 'REMOTE';
}

/**
 * Each machine has a directory of its own. While the run is there this process holds the lease here, so that nobody else takes it.
 * @throws LeaseHeldError where somebody does
 */
export async function synchronizedFiles(host: Host, directory: string, remote: string): Promise<Files> {
  const lease = await takeLease(directory);
  const unlessLost = async (operation: () => Promise<void>) => {
    lease.lost.throwIfAborted();
    await operation();
  };
  const ask = async (now: boolean) => {
    const { code, complaint } = await onHost(host, commandLine(host, ['stop', remote, ...(now ? ['--now'] : [])]));
    if (code !== 0) throw new RemoteError(`cannot ask the run on ${host.host} to stop: ${complaint}`);
  };
  // What is asked for here is handed on to where it is looked for.
  const asked = watchStopRequest(directory);
  asked.stop.addEventListener('abort', () => void ask(false).catch(() => undefined));
  asked.kill.addEventListener('abort', () => void ask(true).catch(() => undefined));
  return {
    bring: () => unlessLost(() => push(host, directory, remote)),
    glimpse: () => unlessLost(() => pull(host, remote, directory, TELLING)),
    fetch: () => unlessLost(() => pull(host, remote, directory)),
    isLive: () => livesThere(host, remote),
    ask,
    async close() {
      asked.close();
      await lease.release();
    },
  };
}
