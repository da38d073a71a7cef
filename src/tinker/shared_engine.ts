// How a run finds the engine process that its sweep has started for several runs, and what it says when that is gone.

import { CookbookError } from '../util/errors.ts';

/** In the environment of a run: which engine it may use, as DEVICE@SOCKET. */
export const ENGINE_VARIABLE = 'COOKBOOK_ENGINE';

/** An engine in a process of its own. */
export interface EngineAddress {
  /** What it computes on. */
  device: string;
  /** Path of a Unix socket, or name of a pipe. */
  socket: string;
}

export function engineVariable({ device, socket }: EngineAddress): string {
  return `${device}@${socket}`;
}

/** Null where no sweep has started one for this process. */
export function sharedEngine(env: NodeJS.ProcessEnv): EngineAddress | null {
  const text = env[ENGINE_VARIABLE] ?? '';
  const at = text.indexOf('@');
  return at < 1 ? null : { device: text.slice(0, at), socket: text.slice(at + 1) };
}

/** What a spec says of the embedded engine, as far as it decides which one it can be. */
export interface EngineWish {
  device: string;
  /** Null where the spec leaves that to the runner. */
  threads: number | null;
}

/** Whether a run may compute on an engine that has as many threads as there are cores. */
export function mayShare({ device, threads }: EngineWish, engine: Pick<EngineAddress, 'device'>): boolean {
  return device === engine.device && threads === null;
}

/** By this code of a failed run a sweep knows that it is to go on, on another engine. */
export const ENGINE_LOST = 'ENGINE_LOST';

/** The engine process has ended, and with it all that was not saved. */
export class EngineLostError extends CookbookError {
  override readonly code = ENGINE_LOST;

  constructor(cause?: unknown) {
    super('the engine process that this run shared with others of its sweep is gone', {
      cause,
      hint: 'Run the sweep again: its runs go on from their last checkpoints. If memory ran out, lower max_concurrency.',
    });
  }
}
