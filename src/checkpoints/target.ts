// Whose checkpoints a command is about: all of a server, those of a run of ours, or one by its path at a service.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isPlainRef } from '../registry/slot.ts';
import { holdsRun, type SeenRun, seeRun } from '../run_files/seen_run.ts';
import { nearPathsHint } from '../spec/near_files.ts';
import { revealSecrets } from '../spec/secrets.ts';
import { serviceRunOf } from '../tinker/http/checkpoint_path.ts';
import { localCheckpoint } from '../tinker/local_path.ts';
import { ConfigurationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { textOf } from '../util/json.ts';

interface ServerTarget {
  is: 'server';
  /** Null: the one that the environment names, or the hosted service. */
  base_url: string | null;
}

export interface PathTarget {
  is: 'path';
  path: string;
  /** The service's run that it is of. */
  run: string;
  base_url: null;
}

/** A run directory whose checkpoints a service has. */
export interface RemoteTarget {
  is: 'remote';
  run: SeenRun;
  base_url: string | null;
}

/** A run directory that has its checkpoints in itself. */
export interface LocalTarget {
  is: 'local';
  run: SeenRun;
}

export type Target = ServerTarget | PathTarget | RemoteTarget | LocalTarget;

/** @throws ConfigurationError for what is none of these, RequestError for a damaged path */
export function targetOf(text: string | null, env: NodeJS.ProcessEnv): Target {
  if (text === null) return { is: 'server', base_url: null };
  if (/^https?:\/\//.test(text)) return { is: 'server', base_url: text };
  if (!text.startsWith('tinker://')) return ofDirectory(resolve(text), env);
  if (localCheckpoint(text) === null) return { is: 'path', path: text, run: serviceRunOf(text), base_url: null };
  throw new ConfigurationError(`${text} means a checkpoint of whichever run reads it`, {
    hint: 'Name the run directory, with --checkpoint NAME.',
  });
}

function ofDirectory(directory: string, env: NodeJS.ProcessEnv): LocalTarget | RemoteTarget {
  const place = shortPath(directory);
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new ConfigurationError(`there is no run ${place}${nearPathsHint(place, process.cwd())}`, { hint: KINDS });
  }
  if (!holdsRun(directory)) throw new ConfigurationError(`${place} is no run directory`, { hint: KINDS });
  const run = seeRun(directory);
  const { service } = run.spec;
  // The Python cookbook names no service, and knows one alone.
  if (service === undefined) return { is: 'remote', run, base_url: textOf(run.spec.base_url) };
  if (!isPlainRef(service) || service.builder === 'local') return { is: 'local', run };
  if (service.builder === 'tinker') {
    return { is: 'remote', run, base_url: textOf(revealSecrets(service, env).base_url) };
  }
  throw new ConfigurationError(`${place} was trained by the service "${service.builder}"`, {
    hint: 'Only the services local and tinker have checkpoints that this command knows.',
  });
}

const KINDS =
  'Name a run directory (it has a run.json), the address of a server (http://…), or a checkpoint (tinker://RUN/KIND/NAME).';
