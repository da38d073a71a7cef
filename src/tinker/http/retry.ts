// When to try again, how long to wait before it, and when to give up.

import type { Clock } from './clock.ts';
import { ConnectionError, DamagedAnswerError, ServiceError, StatusError } from './errors.ts';

/**
 * - `passing`: it may be over in a moment; tried again for as long as patience lasts.
 * - `billing`: the account is out of money; tried again for as long as the service says that this may take to be mended.
 * - `odd`: no reason to hope, but answers like it were seen to go away; tried again a few times.
 * - `final`: another attempt would fail like this one.
 */
type Trouble = 'passing' | 'billing' | 'odd' | 'final';

export interface PatienceOptions {
  clock: Clock;
  /** From the first failure in a row to giving up. */
  limitMs: number;
  /** The same for an account that is out of money. */
  billingLimitMs: number;
  troubleOf(error: unknown): Trouble;
  /** Told when it has not worked for a while. */
  failing(error: ServiceError): void;
  /** Told when a pause for billing begins. */
  paused(error: StatusError): void;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
const LONGEST_ASKED_MS = 60_000;
const BILLING_DELAY_MS = 5_000;
const MOST_ODD = 3;
/** A moment's trouble is nothing to tell of. */
const SILENT_MS = 5_000;
/** Clients that failed together do not come back together. */
const JITTER = 0.25;

/** The patience of one request: told of each failure, it waits, or throws. */
export class Patience {
  readonly #options: PatienceOptions;
  #failures = 0;
  #odd = 0;
  #since: number | null = null;
  #billing = false;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  /** Returns when another attempt is due. @throws the error when there is none */
  async again(error: unknown, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { clock, limitMs, billingLimitMs, troubleOf, failing, paused } = this.#options;
    const trouble = troubleOf(error);
    if (trouble === 'final' || !(error instanceof ServiceError)) throw error;
    this.#since ??= clock.now();
    const waited = clock.now() - this.#since;
    if (trouble === 'odd' && ++this.#odd >= MOST_ODD) throw error;
    const left = (trouble === 'billing' ? billingLimitMs : limitMs) - waited;
    if (left <= 0) throw givenUp(error, waited);
    if (trouble === 'billing' && error instanceof StatusError && !this.#billing) {
      this.#billing = true;
      paused(error);
    }
    if (trouble === 'passing' && waited >= SILENT_MS) failing(error);
    await clock.sleep(Math.min(left, trouble === 'billing' ? BILLING_DELAY_MS : this.#delay(error)), signal);
    this.#failures++;
  }

  /** What was tried has worked: failures from now on are new ones. */
  calm(): void {
    this.#failures = 0;
    this.#odd = 0;
    this.#since = null;
    this.#billing = false;
  }

  #delay(error: ServiceError): number {
    const asked = error instanceof StatusError ? error.retryAfterMs : null;
    if (asked !== null && asked <= LONGEST_ASKED_MS) return asked;
    const longest = Math.min(FIRST_DELAY_MS * 2 ** this.#failures, LONGEST_DELAY_MS);
    return longest * (1 - JITTER * Math.random());
  }
}

/** Of a request that the service knows by its numbers, so that it is done once however often it is sent. */
export function troubleOfRequest(error: unknown): Trouble {
  if (error instanceof ConnectionError) return 'passing';
  if (error instanceof DamagedAnswerError) return 'odd';
  if (!(error instanceof StatusError)) return 'final';
  const { status, shouldRetry } = error;
  if (status === 402) return 'billing';
  if (shouldRetry !== null) return shouldRetry ? 'passing' : 'final';
  return status === 408 || status === 409 || status === 429 || status >= 500 ? 'passing' : 'final';
}

/** Of the question whether a result is there. */
export function troubleOfPoll(error: unknown): Trouble {
  if (!(error instanceof StatusError)) return troubleOfRequest(error);
  const { status } = error;
  if (status === 402) return 'billing';
  if (status === 400) return 'odd';
  return status === 429 || status >= 500 ? 'passing' : 'final';
}

function givenUp(error: ServiceError, waitedMs: number): ServiceError {
  const { hint } = error;
  return new ServiceError(`${error.message}, and nothing else for ${Math.round(waitedMs / 1000)} s`, {
    cause: error,
    ...(hint !== undefined && { hint }),
  });
}
