// Processes that work for this one: they end with it, answer by a message within their time, and keep it alive only while they work.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const children = new Set<ChildProcess>();

/** From here on until it has ended, where this process exits. Where this one is killed, a child has to see to its end itself. */
export function endsWithThisProcess(child: ChildProcess): void {
  if (children.size === 0) process.once('exit', endAll);
  children.add(child);
  child.once('exit', () => {
    children.delete(child);
    if (children.size === 0) process.off('exit', endAll);
  });
}

function endAll(): void {
  for (const child of children) child.kill('SIGKILL');
}

/** What came: a message, the end of the process, or nothing within the time. */
export type ChildAnswer = { message: unknown } | 'ended' | 'late';

/** @throws the signal's reason, and what the process could not be started for */
export async function nextMessage(
  child: ChildProcess,
  milliseconds: number,
  signal?: AbortSignal,
): Promise<ChildAnswer> {
  const done = new AbortController();
  const late = AbortSignal.timeout(milliseconds);
  const any = AbortSignal.any([done.signal, late, ...(signal === undefined ? [] : [signal])]);
  const answered = once(child, 'message', { signal: any }).then(([message]): ChildAnswer => ({ message }));
  const ended = once(child, 'exit', { signal: any }).then((): ChildAnswer => 'ended');
  void answered.catch(() => undefined);
  void ended.catch(() => undefined);
  try {
    return await Promise.race([answered, ended]);
  } catch (error) {
    signal?.throwIfAborted();
    if (late.aborted) return 'late';
    throw error;
  } finally {
    done.abort();
  }
}

/** Whether it keeps this process from its end. */
export function holdProcess(child: ChildProcess, isHeld: boolean): void {
  if (isHeld) {
    child.ref();
    child.channel?.ref();
  } else {
    child.unref();
    child.channel?.unref();
  }
}
