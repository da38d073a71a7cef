// A machine of its own by namespaces: another name, processes, network and temporary files; it can be frozen as a whole.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { UNSHARE } from './missing.ts';

/** What it does before it becomes the command: its host's name, and a file system that no other machine sees. */
const BOOT = 'hostname "$0" && mount -t tmpfs tmpfs /var/tmp && exec "$@"';

export class Machine {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  stderr = '';

  /** Runs one command, and is switched off with it. */
  constructor(name: string, command: readonly string[], cwd: string) {
    this.#child = spawn('unshare', [...UNSHARE, 'sh', '-c', BOOT, name, ...command], {
      cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, TMPDIR: '/var/tmp', NO_COLOR: '1' },
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.#ended = once(this.#child, 'close');
    onTestFinished(() => {
      // Processes that stand still do not see the signal that ends them with their first one, until they are killed.
      for (const pid of this.#processes()) process.kill(pid, 'SIGKILL');
      this.#child.kill('SIGKILL');
    });
  }

  /** Everything in it stands still when this returns. */
  async freeze(): Promise<void> {
    while (true) {
      const moving = this.#processes().filter((pid) => !isStopped(pid));
      if (moving.length === 0) return;
      for (const pid of moving) process.kill(pid, 'SIGSTOP');
      await sleep(10);
    }
  }

  thaw(): void {
    for (const pid of this.#processes()) process.kill(pid, 'SIGCONT');
  }

  async ended(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  /** As this machine numbers them. */
  #processes(): number[] {
    const [first] = textOf(`/proc/${this.#child.pid}/task/${this.#child.pid}/children`).trim().split(' ');
    const namespace = linkOf(`/proc/${first}/ns/pid`);
    if (namespace === null || namespace === linkOf('/proc/self/ns/pid')) return [];
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return pids.filter((pid) => linkOf(`/proc/${pid}/ns/pid`) === namespace).map(Number);
  }
}

function isStopped(pid: number): boolean {
  const stat = textOf(`/proc/${pid}/stat`);
  return stat === '' || /\) [TZX] /.test(stat);
}

/** Empty where the process is gone. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
