// Paths of checkpoints at a service: `tinker://RUN/KIND/NAME`, where RUN may hold colons. Some services leave the kind out of those to
// sample from.

import { RequestError } from '../../util/errors.ts';

const PATH = /^tinker:\/\/([^/]+)\/(?:([^/]+)\/)?([^/]+)$/;

/** Throws RequestError for what is no such path: directories of this machine are out of a service's reach. */
export function requireServicePath(path: string): string {
  if (PATH.test(path)) return path;
  throw new RequestError(`the service cannot read ${path}`, {
    hint: 'It has its own checkpoints only: tinker://RUN/KIND/NAME. Weights that lie on this machine are for `service: {builder: local}`.',
  });
}

/** The service's run that a checkpoint is of. */
export function serviceRunOf(path: string): string {
  return PATH.exec(requireServicePath(path))?.[1] ?? '';
}

/** The address of a checkpoint below that of the service. */
export function checkpointRoute(path: string): string {
  const [, run, kind = 'sampler_weights', name] = PATH.exec(requireServicePath(path)) ?? [];
  return `/api/v1/training_runs/${[run, 'checkpoints', kind, name].map(encodeURIComponent).join('/')}`;
}
