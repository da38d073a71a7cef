// Paths of checkpoints of the embedded engine: `tinker://local/KIND/NAME` lies in KIND/NAME of a run's checkpoints.

export const LOCAL_PREFIX = 'tinker://local/';

/** KIND/NAME, or null for a path of another service. */
export function localCheckpoint(path: string): string | null {
  return path.startsWith(LOCAL_PREFIX) ? path.slice(LOCAL_PREFIX.length) : null;
}
