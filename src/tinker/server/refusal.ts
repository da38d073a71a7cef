// What a request is answered with that gets no result, and what is said of one that failed.

import {
  CheckpointError,
  ConfigurationError,
  CookbookError,
  messageOf,
  RequestError,
  WeightsError,
} from '../../util/errors.ts';

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
export function told(error: unknown): string {
  const hint = error instanceof CookbookError ? error.hint : undefined;
  return hint === undefined ? messageOf(error) : `${messageOf(error)}. ${hint}`;
}

/** Whether another request would have been granted, rather than another server. */
export function isOfUser(error: unknown): boolean {
  if (error instanceof Refusal) return error.status !== 503;
  return [RequestError, CheckpointError, ConfigurationError, WeightsError].some((kind) => error instanceof kind);
}
