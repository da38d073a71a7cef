// The engine process that runs of a sweep share: started when it is first needed, and anew when it has died.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineAddress } from '../../tinker/shared_engine.ts';
import { CookbookError } from '../../util/errors.ts';
import { COOKBOOK, runtimeThreads } from './processes.ts';

/** One that could not be started at all. */
class EngineStartError extends CookbookError {
  override readonly code = 'ENGINE_START';
}

interface Started {
  address: EngineAddress;
  process: ChildProcess;
  /** Resolves when it has ended and nothing is left of it. */
  gone: Promise<void>;
}

export class EngineProcess {
  readonly #device: string;
  readonly #threads: number;
  #current: Promise<Started> | null = null;

  constructor(device: string, threads: number) {
    this.#device = device;
    this.#threads = threads;
  }

  /** Where it listens, as soon as it does. `lost`: the one that a run has lost, which is about to end if it has not. */
  async address(lost: EngineAddress | null): Promise<EngineAddress> {
    const current = await this.#current;
    if (current !== null && current.address === lost) {
      await Promise.race([current.gone, sleep(PATIENCE_MS, undefined, { ref: false })]);
    }
    this.#current ??= this.#start();
    return (await this.#current).address;
  }

  /** Asks it to end, and waits until it has. */
  async close(): Promise<void> {
    const started = await this.#current?.catch(() => null);
    started?.process.kill('SIGTERM');
    await started?.gone;
  }

  async #start(): Promise<Started> {
    const place = await newSocket();
    const ended = async () => {
      this.#current = null;
      if (place.directory !== null) await rm(place.directory, { recursive: true, force: true });
    };
    try {
      const { process, exited } = await startAt(place.socket, this.#device, this.#threads);
      return { address: { device: this.#device, socket: place.socket }, process, gone: exited.then(ended) };
    } catch (error) {
      // Whoever asks next may have more luck.
      await ended();
      throw error;
    }
  }
}

/** A process that has lost its socket is gone within moments. */
const PATIENCE_MS = 1_000;

/** Bytes that the path of a socket may have; 104 on macOS. */
const MOST_PATH = 100;

/** A place that this user alone can open. */
async function newSocket(): Promise<{ directory: string | null; socket: string }> {
  if (process.platform === 'win32') return { directory: null, socket: `\\\\.\\pipe\\cookbook-${randomUUID()}` };
  const socketIn = (parent: string) => join(parent, 'cookbook-XXXXXX', 'engine');
  const parent = Buffer.byteLength(socketIn(tmpdir())) <= MOST_PATH ? tmpdir() : '/tmp';
  const directory = await mkdtemp(join(parent, 'cookbook-'));
  return { directory, socket: join(directory, 'engine') };
}

/** What is kept of its last words. */
const MOST_WORDS = 1_000;

async function startAt(socket: string, device: string, threads: number) {
  const child = spawn(process.execPath, [COOKBOOK, 'engine', socket, '--device', device], {
    // The channel tells when it listens, and closes when this process dies, however it dies: then the engine ends too.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
    env: { ...process.env, ...runtimeThreads(threads) },
  });
  child.on('error', () => undefined);
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = `${words}${text}`.slice(-MOST_WORDS);
  });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  // Rejects where there is no such process.
  const listening = once(child, 'message').then(() => true);
  if (await Promise.race([listening, exited.then(() => false)])) return { process: child, exited };
  throw new EngineStartError(`the engine process ended before it listened: ${words.trim() || 'nothing says why'}`, {
    hint: 'Runs have engines of their own with executor: {builder: local, share_engine: false}.',
  });
}
