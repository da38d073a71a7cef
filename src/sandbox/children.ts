// Processes that run what nobody vouches for end with this one, however it ends: told here where it exits; where it is killed, a
// sandbox sees to it in its own way.

import type { ChildProcess } from 'node:child_process';

const children = new Set<ChildProcess>();

/** From here on until it has ended. */
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
