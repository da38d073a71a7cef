// A real sshd on this machine, with keys and a port of its own, whose connections can be cut.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from '../../support/ports.ts';
import { temporaryDirectory } from '../../support/temporary_directory.ts';
import { SSHD } from './missing.ts';

export class Sshd {
  readonly #child: ChildProcess;
  /** Words for ssh that lead to it. */
  readonly options: readonly string[];

  private constructor(child: ChildProcess, options: readonly string[]) {
    this.#child = child;
    this.options = options;
  }

  static async start(): Promise<Sshd> {
    const directory = await temporaryDirectory();
    const path = (name: string) => join(directory, name);
    for (const name of ['host_key', 'key']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path(name)]);
    }
    await copyFile(path('key.pub'), path('authorized_keys'));
    const port = await freePort();
    const config = {
      Port: port,
      ListenAddress: '127.0.0.1',
      HostKey: path('host_key'),
      AuthorizedKeysFile: path('authorized_keys'),
      StrictModes: 'no',
      PidFile: 'none',
    };
    await writeFile(
      path('config'),
      Object.entries(config)
        .map((words) => `${words.join(' ')}\n`)
        .join(''),
    );
    // Where it runs as root it wants an empty directory, which the system makes when it starts.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
    const child = spawn(SSHD, ['-D', '-e', '-f', path('config')], { stdio: ['ignore', 'ignore', 'pipe'] });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    let words = '';
    while (!words.includes('Server listening')) {
      const [text] = await once(child.stderr.setEncoding('utf8'), 'data');
      words += text;
    }
    child.stderr.resume();
    const known = ['-o', 'UserKnownHostsFile=/dev/null', '-o', 'StrictHostKeyChecking=no', '-o', 'LogLevel=ERROR'];
    return new Sshd(child, ['-F', 'none', '-p', String(port), '-i', path('key'), ...known]);
  }

  /** Ends the connections that there are, and nothing that was started over them. */
  async cut(): Promise<number> {
    const connections = (await readFile(`/proc/${this.#child.pid}/task/${this.#child.pid}/children`, 'utf8')).trim();
    const pids = connections === '' ? [] : connections.split(' ').map(Number);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    return pids.length;
  }

  /** No connection is accepted any more. */
  close(): void {
    this.#child.kill('SIGKILL');
  }
}
