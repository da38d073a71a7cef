// A Slurm cluster of one node, without root, systemd or a database, in a directory of its own: what tests kill and start again.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const PROGRAMS = ['munged', 'slurmctld', 'slurmd'];

function missing(): string[] {
  return PROGRAMS.filter((name) => !existsSync(`/usr/sbin/${name}`));
}

/** Null where there is one. */
export const whyNoSlurm =
  missing().length === 0 ? null : `no ${missing().join(', ')}; on Debian: apt-get install slurm-wlm munge`;

type Daemon = 'munged' | 'slurmctld' | 'slurmd';

export class Cluster {
  readonly directory: string;
  readonly #daemons = new Map<Daemon, ChildProcess>();
  #administrator: NodeJS.Timeout | undefined;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** @param cpus how many one-core jobs run at a time, whatever the machine has */
  static async start(cpus: number): Promise<Cluster> {
    // Short: it holds a socket.
    const cluster = new Cluster(mkdtempSync(join(tmpdir(), 'cookbook-slurm-')));
    await cluster.#configure(cpus);
    cluster.#spawn('munged', [
      '--foreground',
      `--key-file=${cluster.#path('munge/key')}`,
      `--socket=${cluster.#path('run/munge.sock')}`,
      `--pid-file=${cluster.#path('munge/pid')}`,
      `--log-file=${cluster.#path('munge/log')}`,
      `--seed-file=${cluster.#path('munge/seed')}`,
    ]);
    while (!existsSync(cluster.#path('run/munge.sock'))) await sleep(50);
    cluster.startController();
    cluster.startNode();
    await cluster.#untilReady();
    return cluster;
  }

  /** Of processes that are to reach it. */
  get environment(): { SLURM_CONF: string } {
    return { SLURM_CONF: this.#path('slurm.conf') };
  }

  /** What one of Slurm's programs prints. */
  async ask(program: string, ...args: string[]): Promise<string> {
    const env = { ...process.env, ...this.environment };
    const { stdout } = await promisify(execFile)(program, args, { env, timeout: 30_000 });
    return stdout;
  }

  startController(): void {
    this.#spawn('slurmctld', ['-D', '-f', this.#path('slurm.conf')]);
    this.#administrator ??= setInterval(() => void this.#resumeDrained().catch(() => undefined), 2_000).unref();
  }

  /** A controller that has forgotten that it launched a job launches it again, and then gives nothing more to the node that says so. */
  async #resumeDrained(): Promise<void> {
    const states = await this.ask('sinfo', '--noheader', '--format=%T');
    if (states.includes('drain')) await this.ask('scontrol', 'update', `NodeName=${NODE}`, 'State=RESUME');
  }

  async killController(): Promise<void> {
    await this.#kill('slurmctld');
  }

  startNode(): void {
    this.#spawn('slurmd', ['-D', '-f', this.#path('slurm.conf'), '-N', NODE]);
  }

  /** The node dies with all that runs on it, as soon as something does. */
  async killBusyNode(): Promise<void> {
    // Held fast: a job that ended just before would have been none that is lost.
    let held = this.#jobProcesses();
    while (signal(held, 'SIGSTOP') === 0) {
      await sleep(10);
      held = this.#jobProcesses();
    }
    await this.#killNode(held);
  }

  async #killNode(held: ReadonlySet<number> = new Set()): Promise<void> {
    await this.#kill('slurmd');
    signal(new Set([...held, ...this.#jobProcesses()]), 'SIGKILL');
  }

  async stop(): Promise<void> {
    clearInterval(this.#administrator);
    await this.ask('scancel', `--user=${userInfo().uid}`).catch(() => undefined);
    await this.#killNode();
    for (const name of ['slurmctld', 'munged'] as const) await this.#kill(name);
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  #path(name: string): string {
    return join(this.directory, name);
  }

  #spawn(name: Daemon, args: string[]): void {
    const log = openSync(this.#path(`log/${name}.out`), 'a');
    const child = spawn(`/usr/sbin/${name}`, args, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...this.environment },
    });
    this.#daemons.set(name, child);
  }

  async #kill(name: Daemon): Promise<void> {
    const child = this.#daemons.get(name);
    this.#daemons.delete(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async #untilReady(): Promise<void> {
    while (!(await this.ask('sinfo', '--noheader', '--format=%T').catch(() => '')).includes('idle')) await sleep(200);
  }

  /** Processes of jobs, told by the cluster in their environment, and their parents: the daemons of their steps. */
  #jobProcesses(): Set<number> {
    const found = readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        const variables = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
        if (!variables.includes(`SLURM_CONF=${this.environment.SLURM_CONF}`)) return [];
        if (!variables.some((text) => text.startsWith('SLURM_JOB_ID='))) return [];
        const [, parent = ''] = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8')) ?? [];
        const isStep = readFileSync(`/proc/${parent}/comm`, 'utf8').trim() === 'slurmstepd';
        return isStep ? [Number(name), Number(parent)] : [Number(name)];
      } catch {
        return [];
      }
    });
    return new Set(found);
  }

  async #configure(cpus: number): Promise<void> {
    for (const name of ['munge', 'run', 'state', 'spool', 'log']) mkdirSync(this.#path(name));
    chmodSync(this.#path('munge'), 0o700);
    // munged insists that others can get through to its socket.
    for (const name of ['', 'run']) chmodSync(this.#path(name), 0o755);
    writeFileSync(this.#path('munge/key'), randomBytes(1024), { mode: 0o400 });
    const user = userInfo().username;
    const [controller, node] = await freePorts();
    const settings = {
      ClusterName: 'cookbook-test',
      SlurmctldHost: `${NODE}(127.0.0.1)`,
      SlurmUser: user,
      SlurmdUser: user,
      AuthType: 'auth/munge',
      // What expires soon is also what a job that is requeued waits for.
      AuthInfo: `socket=${this.#path('run/munge.sock')},cred_expire=5`,
      CredType: 'cred/munge',
      SlurmctldPort: controller,
      SlurmdPort: node,
      SlurmctldPidFile: this.#path('slurmctld.pid'),
      SlurmdPidFile: this.#path('slurmd.pid'),
      StateSaveLocation: this.#path('state'),
      SlurmdSpoolDir: this.#path('spool'),
      SlurmctldLogFile: this.#path('log/slurmctld.log'),
      SlurmdLogFile: this.#path('log/slurmd.log'),
      ProctrackType: 'proctrack/pgid',
      TaskPlugin: 'task/none',
      JobAcctGatherType: 'jobacct_gather/none',
      SwitchType: 'switch/none',
      MpiDefault: 'none',
      SelectType: 'select/cons_tres',
      SelectTypeParameters: 'CR_CPU',
      SlurmdParameters: 'config_overrides',
      AccountingStorageType: 'accounting_storage/none',
      MinJobAge: 3600,
      // A job that is younger is not missed where its node comes back without it, and would be taken to run until its time limit.
      BatchStartTimeout: 1,
      KillWait: 10,
      SlurmdTimeout: 10,
      ReturnToService: 2,
      SchedulerParameters: 'batch_sched_delay=0,sched_interval=5,bf_interval=5',
      NodeName: `${NODE} NodeAddr=127.0.0.1 CPUs=${cpus} RealMemory=1000 State=UNKNOWN`,
      PartitionName: `main Nodes=${NODE} Default=YES MaxTime=INFINITE State=UP`,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(this.#path('slurm.conf'), lines.join(''));
  }
}

/** Returns how many of the processes were there to get it. */
function signal(processes: ReadonlySet<number>, name: NodeJS.Signals): number {
  let signalled = 0;
  for (const pid of processes) {
    try {
      process.kill(pid, name);
      signalled += 1;
    } catch {
      // It has just ended.
    }
  }
  return signalled;
}

const NODE = hostname().split('.')[0] ?? '';

async function freePorts(): Promise<number[]> {
  const servers = [createServer(), createServer()];
  const ports: number[] = [];
  for (const server of servers) {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    if (address !== null && typeof address === 'object') ports.push(address.port);
  }
  for (const server of servers) await once(server.close(), 'close');
  return ports;
}
