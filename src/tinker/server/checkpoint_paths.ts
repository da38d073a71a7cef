// Addresses of checkpoints, `tinker://RUN/KIND/NAME`, and which names there are.

import { type CheckpointKind, isCheckpointName } from '../local_path.ts';
import { Refusal } from './refusal.ts';

const SCHEME = 'tinker://';
const MAX_NAME = 128;

/** Weights that leave the server are a kind of their own: nobody trains from them here. */
export type ServedKind = CheckpointKind | 'external_weights';

/** What the clients' lists call a checkpoint of each kind, and what the engine saves for it. */
export const KINDS: Readonly<Record<ServedKind, { type: string; saved: CheckpointKind }>> = {
  weights: { type: 'training', saved: 'weights' },
  sampler_weights: { type: 'sampler', saved: 'sampler_weights' },
  external_weights: { type: 'external', saved: 'sampler_weights' },
};

export interface CheckpointAddress {
  run: string;
  kind: ServedKind;
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

const isKind = (text: string): text is ServedKind => Object.hasOwn(KINDS, text);

export function checkpointKind(text: string | undefined): ServedKind | null {
  return text !== undefined && isKind(text) ? text : null;
}

/** Throws a Refusal for what a new checkpoint cannot be called. */
export function checkName(name: string): string {
  if (isCheckpointName(name) && name.length <= MAX_NAME) return name;
  throw new Refusal(
    400,
    `path: a checkpoint cannot be called ${JSON.stringify(name.slice(0, MAX_NAME))}: names are up to ${MAX_NAME} letters, digits, ".", "_" and "-", and do not end in ".tmp"`,
  );
}
