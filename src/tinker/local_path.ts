// Paths of checkpoints of the embedded engine: `tinker://local/KIND/NAME` lies in KIND/NAME of a run's checkpoints.

export const LOCAL_PREFIX = 'tinker://local/';

/** KIND/NAME, or null for a path of another service. */
export function localCheckpoint(path: string): string | null {
  return path.startsWith(LOCAL_PREFIX) ? path.slice(LOCAL_PREFIX.length) : null;
}

/** `weights` to train on from, `sampler_weights` to sample from. */
export type CheckpointKind = 'weights' | 'sampler_weights';

/** Whether a checkpoint can be called so. Names are those of directories, of which `.tmp` ends what a kill left behind. */
export function isCheckpointName(name: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(name) && !/^\.+$/.test(name) && !/\.tmp$/i.test(name);
}
