// The processes that another one has started, and what they were started with.

import { readFileSync } from 'node:fs';

export function childrenOf(pid: number | undefined): { pid: number; command: string }[] {
  const children = textOf(`/proc/${pid}/task/${pid}/children`).split(' ');
  return children
    .filter((child) => child !== '')
    .map((child) => ({ pid: Number(child), command: textOf(`/proc/${child}/cmdline`).replaceAll('\0', ' ') }));
}

/** Empty where it has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
