// Runs on other machines, by ssh: each host has slots, and a run is started where most of them are free.

import { basename, dirname, posix } from 'node:path';
import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../../registry/builder.ts';
import { nullable, runtime } from '../../../registry/fields.ts';
import { readRunRecord } from '../../../run_files/directory.ts';
import { announceJobs, readJob, recordJob } from '../../../run_files/job.ts';
import { leaseHolder } from '../../../run_files/lease.ts';
import { messageOf } from '../../../util/errors.ts';
import { textOf } from '../../../util/json.ts';
import { processState } from '../../../util/liveness.ts';
import { type Executor, executorSlot, type Job } from '../../executor.ts';
import type { Host } from './connection.ts';
import { sharedFiles, synchronizedFiles } from './files.ts';
import { livesThere, runOnHost } from './run_on_host.ts';

const NAME = 'ssh';

interface Settings {
  hosts: readonly Machine[];
  synchronize: boolean;
}

interface Machine extends Host {
  /** Where the directory of the sweep lies there; null = under the same path. */
  remote_path: string | null;
}

export const sshExecutor = defineBuilder({
  slot: executorSlot,
  name: NAME,
  version: 1,
  doc: 'On other machines that ssh reaches without a password, as many runs on each as it has slots.',
  params: Type.Object({
    hosts: runtime(
      Type.Array(
        Type.Object({
          host: Type.String({
            minLength: 1,
            // Never an option of ssh.
            pattern: '^[^-\\s][^\\s]*$',
            description: 'As ssh takes it: a name, USER@NAME, or an alias of ~/.ssh/config.',
          }),
          slots: Type.Integer({ minimum: 1, default: 1, description: 'How many runs run there at a time.' }),
          remote_path: nullable(
            Type.String({
              minLength: 1,
              default: null,
              description: 'Where the directory of the sweep lies there; null = under the same path as here.',
            }),
          ),
        }),
        { minItems: 1, description: 'The machines.' },
      ),
    ),
    synchronize: runtime(
      Type.Boolean({
        default: false,
        description:
          'The machines do not see the directory of the sweep: run directories are brought there and fetched, by rsync.',
      }),
    ),
    command: runtime(
      Type.Array(Type.String(), {
        minItems: 1,
        default: ['cookbook'],
        description: 'How this program is called there: its words, as [npx, --prefix, /opt/cookbook, cookbook].',
      }),
    ),
    options: runtime(
      Type.Array(Type.String(), { default: [], description: 'Options of ssh, each word by itself: [-p, "2222"].' }),
    ),
  }),
  build: ({ hosts, synchronize, command, options }): Executor => {
    const machines = hosts.map((host) => ({ ...host, command, options }));
    const settings: Settings = { hosts: machines, synchronize };
    const slots = new Slots(machines);
    return {
      slots: machines.reduce((sum, machine) => sum + machine.slots, 0),
      submit: (directories) => submit(directories, settings, slots),
      attach: (directory) => attach(directory, settings, slots),
    };
  },
});

class Slots {
  readonly #free: Map<Machine, number>;

  constructor(machines: readonly Machine[]) {
    this.#free = new Map(machines.map((machine) => [machine, machine.slots]));
  }

  /** The machine with the most free slots, of equal ones the first. */
  take(): Machine {
    const [[machine] = []] = [...this.#free].sort(([, a], [, b]) => b - a);
    if (machine === undefined) throw new Error('no machine has slots');
    this.occupy(machine);
    return machine;
  }

  /** By a run that is there already: then it may have more than it has slots for. */
  occupy(machine: Machine): void {
    this.#free.set(machine, (this.#free.get(machine) ?? 0) - 1);
  }

  give(machine: Machine): void {
    this.#free.set(machine, (this.#free.get(machine) ?? 0) + 1);
  }
}

async function submit(directories: readonly string[], { synchronize }: Settings, slots: Slots): Promise<Job[]> {
  const records = await announceJobs(NAME, directories);
  return await Promise.all(
    records.map(async (record, i) => {
      const directory = directories[i] ?? '';
      const machine = slots.take();
      const place = placeOf(directory, machine);
      await recordJob(directory, record, { host: machine.host, directory: place.remote });
      return returning(await jobAt(machine, place, synchronize, false), machine, slots);
    }),
  );
}

async function jobAt(machine: Machine, place: Place, synchronize: boolean, begun: boolean): Promise<Job> {
  try {
    const { directory, remote } = place;
    if (synchronize && ((await readRunRecord(directory)).stage?.after.length ?? 0) > 0) throw new Error(ALONE);
    const files = synchronize ? await synchronizedFiles(machine, directory, remote) : sharedFiles(directory);
    return runOnHost(machine, place, files, begun);
  } catch (error) {
    const nothing = async () => undefined;
    return { description: 'no process', ended: Promise.resolve(messageOf(error)), stop: nothing, kill: nothing };
  }
}

const ALONE =
  'it starts from the run of another stage, which is not brought along: stages need a directory that all machines share';

interface Place {
  directory: string;
  remote: string;
}

/** Other machines are taken for POSIX ones. */
function placeOf(directory: string, { remote_path }: Machine): Place {
  return { directory, remote: posix.join(remote_path ?? dirname(directory), basename(directory)) };
}

function returning(job: Job, machine: Machine, slots: Slots): Job {
  return { ...job, ended: job.ended.finally(() => slots.give(machine)) };
}

/** A run goes on when the sweep that has started it is gone: whoever comes next follows it. */
async function attach(directory: string, { hosts, synchronize }: Settings, slots: Slots): Promise<Job | null> {
  const { value: record } = await readJob(directory);
  if (record === null || record.executor !== NAME || processState(record.submitted_by) === 'running') return null;
  const [host, remote] = [textOf(record.handle?.host), textOf(record.handle?.directory)];
  const machine = hosts.find((each) => each.host === host);
  if (machine === undefined || remote === null) return null;
  const isLive = synchronize ? await livesThere(machine, remote) : (await leaseHolder(directory)) !== null;
  if (isLive === false) return null;
  slots.occupy(machine);
  return returning(await jobAt(machine, { directory, remote }, synchronize, true), machine, slots);
}
