// Addresses of checkpoints, `tinker://RUN/KIND/NAME`, and which names there are.

import { CHECKPOINT_NAME, type CheckpointKind } from '../local_path.ts';
import { Refusal } from './refusal.ts';

const SCHEME = 'tinker://';
const KINDS: readonly CheckpointKind[] = ['weights', 'sampler_weights'];
const MAX_NAME = 128;

export interface CheckpointAddress {
  run: string;
  kind: CheckpointKind;
  name: string;
}

export const checkpointPath = ({ run, kind, name }: CheckpointAddress): string => `${SCHEME}${run}/${kind}/${name}`;

/** Throws a Refusal for what is no such path. The run's id may have colons, so it is no URL. */
export function checkpointAddress(path: string): CheckpointAddress {
  const [run, kind, name, ...rest] = path.startsWith(SCHEME) ? path.slice(SCHEME.length).split('/') : [];
  const known = checkpointKind(kind);
  if (run !== undefined && run !== '' && known !== null && name !== undefined && rest.length === 0) {
    return { run, kind: known, name };
  }
  throw new Refusal(
    400,
    `${JSON.stringify(path)} is no path of a checkpoint; they look like ${SCHEME}RUN/weights/NAME`,
  );
}

export function checkpointKind(text: string | undefined): CheckpointKind | null {
  return KINDS.find((kind) => kind === text) ?? null;
}

/**
 * Whether a new checkpoint can be called so. Names become directories, of which the engine takes those that end in .tmp for what a
 * kill left behind.
 */
export function checkName(name: string): string {
  if (CHECKPOINT_NAME.test(name) && !/^\.+$/.test(name) && !/\.tmp$/i.test(name) && name.length <= MAX_NAME)
    return name;
  throw new Refusal(
    400,
    `path: a checkpoint cannot be called ${JSON.stringify(name.slice(0, MAX_NAME))}: names are up to ${MAX_NAME} letters, digits, ".", "_" and "-", and do not end in ".tmp"`,
  );
}
