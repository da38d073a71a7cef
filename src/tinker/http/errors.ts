// What can go wrong between this package and a service of the Tinker API, as errors that say what to do.

import { CookbookError, RequestError } from '../../util/errors.ts';
import type { ExactJson } from '../wire/json.ts';

/** A service that does not answer, or answers that it cannot or will not. */
export class ServiceError extends CookbookError {
  override readonly code = 'SERVICE';
}

/** No answer: refused, lost on the way in either direction, or none in time. The service may have done what was asked. */
export class ConnectionError extends ServiceError {}

/** An answer that is not what the protocol calls for. */
export class DamagedAnswerError extends ServiceError {}

/** An answer with a status that is no success. */
export class StatusError extends ServiceError {
  readonly status: number;
  /** What the service asks to wait before the next attempt. */
  readonly retryAfterMs: number | null;
  /** What the service says of another attempt; null where it says nothing. */
  readonly shouldRetry: boolean | null;
  /** Private, so that nobody who prints an error prints what a service has sent. */
  readonly #body: ExactJson | undefined;

  constructor(
    message: string,
    {
      status,
      body,
      retryAfterMs,
      shouldRetry,
      hint,
    }: {
      status: number;
      body: ExactJson | undefined;
      retryAfterMs: number | null;
      shouldRetry: boolean | null;
      hint: string | undefined;
    },
  ) {
    super(message, hint === undefined ? {} : { hint });
    this.status = status;
    this.#body = body;
    this.retryAfterMs = retryAfterMs;
    this.shouldRetry = shouldRetry;
  }

  /** The body, where it is JSON. */
  get body(): ExactJson | undefined {
    return this.#body;
  }
}

/** A request that the service took, and that failed. */
export class FailedRequestError extends RequestError {
  /** Whose fault the service says it is. */
  readonly category: 'user' | 'server' | 'unknown';

  constructor(message: string, category: FailedRequestError['category']) {
    super(
      message,
      category === 'user'
        ? {}
        : {
            hint: 'Run the command again: a run goes on from its last checkpoint. If it fails again, ask who runs the service.',
          },
    );
    this.category = category;
  }
}

/** What to do about a status; undefined where the service's own words have to do. */
export function hintOf(status: number): string | undefined {
  if (status === 401) return 'Set TINKER_API_KEY (or TINKER_CREDENTIAL_CMD) to a key of this service.';
  if (status === 402) return 'Settle the billing of the account, then run the command again.';
  if (status === 403) return 'The key is valid and may not do this: ask who gave it to you.';
  if (status === 404) {
    return 'See that the address (service.base_url or TINKER_BASE_URL) is that of a Tinker service. If it was started anew, run the command again.';
  }
  if (status === 413) return 'Send less at once: lower batch_size or the length of examples.';
  if (status >= 300 && status < 400) return 'Set service.base_url to the address that it redirects to.';
  if (status === 429 || status >= 500) return 'Run the command again later.';
  return undefined;
}
