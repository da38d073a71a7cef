// Commands on another machine by ssh, and directories brought there and back by rsync. Names reach the other shell quoted.

import { execa } from 'execa';
import { STOP_REQUEST } from '../../../run_files/stop_request.ts';
import { CookbookError } from '../../../util/errors.ts';
import { quote } from '../../../util/program_name.ts';

/** How a machine is reached, and how this program is called there. */
export interface Host {
  host: string;
  slots: number;
  /** Of ssh, before the name of the host. */
  options: readonly string[];
  command: readonly string[];
}

/** How a command on another machine ended. */
export interface Ended {
  /** Null where a signal ended the connection here. */
  code: number | null;
  stdout: string;
  /** The last of what it, or ssh, complained of. */
  complaint: string;
}

/** The exit code of ssh itself, where it has no connection or has lost it. */
const NO_CONNECTION = 255;

export const isDisconnected = ({ code }: Ended): boolean => code === NO_CONNECTION || code === null;

/** A connection that is silent for 45 seconds is taken for lost. Nobody is there to be asked for a password. */
const OPTIONS = [
  '-o',
  'BatchMode=yes',
  '-o',
  'ConnectTimeout=15',
  '-o',
  'ServerAliveInterval=15',
  '-o',
  'ServerAliveCountMax=3',
];

const MOST_COMPLAINT = 500;

/** Runs a line of a POSIX shell there, whatever the shell of the user is. @param signal aborted to end the connection */
export async function onHost({ host, options }: Host, line: string, signal?: AbortSignal): Promise<Ended> {
  return await ended('ssh', [...OPTIONS, ...options, '--', host, `sh -c ${quote(line)}`], signal);
}

/** A call of this program there. */
export function commandLine({ command }: Host, words: readonly string[]): string {
  return [...command, ...words].map(quote).join(' ');
}

/** What stays where it is: who writes there, who asked for what, and what people keep beside a run. */
const LOCAL = ['/lease*', '/job.json', `/${STOP_REQUEST}`, '/notes.json', '*.tmp-*', '/clock.tmp-*'];

/** A file may go while others are copied. */
const VANISHED = 24;

/** What was asked of the run there is over: it is started again. @throws SyncError */
export async function push(host: Host, directory: string, remote: string): Promise<void> {
  const made = await onHost(host, `mkdir -p ${quote(remote)} && rm -f ${quote(`${remote}/${STOP_REQUEST}`)}`);
  if (made.code !== 0) throw new SyncError(`cannot create ${remote} on ${host.host}: ${made.complaint}`);
  await rsync(host, [`${directory}/`, `${host.host}:${remote}/`]);
}

/** @param only names of files at its top; all of the directory if absent. @throws SyncError */
export async function pull(host: Host, remote: string, directory: string, only?: readonly string[]): Promise<void> {
  const filters = only === undefined ? [] : [...only.map((name) => `--include=/${name}`), '--exclude=*'];
  await rsync(host, [...filters, `${host.host}:${remote}/`, `${directory}/`]);
}

class SyncError extends CookbookError {
  override readonly code = 'SYNC';
}

async function rsync({ host, options }: Host, rest: readonly string[]): Promise<void> {
  const shell = ['ssh', ...OPTIONS, ...options].map(quote).join(' ');
  const excluded = LOCAL.map((name) => `--exclude=${name}`);
  const places = rest.slice(-2);
  const { code, complaint } = await ended('rsync', [
    '-a',
    '-s',
    '-e',
    shell,
    ...excluded,
    ...rest.slice(0, -2),
    '--',
    ...places,
  ]);
  if (code !== 0 && code !== VANISHED)
    throw new SyncError(`rsync with ${host} failed: ${complaint || `exit code ${code}`}`);
}

async function ended(program: string, args: readonly string[], signal?: AbortSignal): Promise<Ended> {
  const { exitCode, stdout, stderr, shortMessage } = await execa(program, args, {
    reject: false,
    stdin: 'ignore',
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  const complaint = stderr.trim().slice(-MOST_COMPLAINT) || (exitCode === undefined ? (shortMessage ?? '') : '');
  return { code: exitCode ?? null, stdout, complaint };
}
