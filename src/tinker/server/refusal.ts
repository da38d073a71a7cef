// What a request is answered with that gets no result, and what is said of one that failed.

import {
  CheckpointError,
  ConfigurationError,
  CookbookError,
  DivergedError,
  messageOf,
  RequestError,
  stackOf,
  WeightsError,
} from '../../util/errors.ts';
import { unexpectedFailure } from '../../util/files.ts';

export type RefusalStatus = 400 | 401 | 403 | 404 | 410 | 413 | 415 | 429 | 503;

/** An answer of a status of its own. 409 and 5xx are none of them but 503: clients send the same again for minutes. */
export class Refusal extends Error {
  readonly status: RefusalStatus;

  constructor(status: RefusalStatus, detail: string) {
    super(detail);
    this.name = new.target.name;
    this.status = status;
  }
}

/** Told to whoever asks, or waits, when the server ends; the same request is good for the next one. */
export const shuttingDown = () => new Refusal(503, 'this server is shutting down');

/** In one line, with what to do about it. */
export function told(thrown: unknown): string {
  const error = unexpectedFailure(thrown);
  const hint = error instanceof CookbookError ? error.hint : undefined;
  return hint === undefined ? messageOf(error) : `${messageOf(error)}. ${hint}`;
}

/** For the log of the server: what can be mended as anywhere else, and of all else where it was thrown. */
export function logged(thrown: unknown): string {
  return unexpectedFailure(thrown) instanceof CookbookError ? told(thrown) : stackOf(thrown);
}

/** Whether another request would have been granted, rather than another server. */
export function isOfUser(error: unknown): boolean {
  if (error instanceof Refusal) return error.status !== 503;
  return [RequestError, CheckpointError, ConfigurationError, DivergedError, WeightsError].some(
    (kind) => error instanceof kind,
  );
}
