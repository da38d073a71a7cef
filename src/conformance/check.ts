// A check of one thing that the Tinker API promises, and what can come of it. No check ends the others.

import { FailedRequestError, StatusError } from '../tinker/http/errors.ts';
import { unlessAborted } from '../util/abort.ts';
import { ConfigurationError, messageOf, RequestError } from '../util/errors.ts';
import type { SdkVersion } from './versions.ts';

export type Outcome =
  | { state: 'passed' }
  | { state: 'failed'; reason: string }
  /** In the words of the service. */
  | { state: 'unsupported'; reason: string }
  | { state: 'skipped'; reason: string };

/** What a check works with. It gives back what the check has made. */
export interface Bench {
  close(): Promise<void>;
}

export interface Check<Tools extends Bench> {
  /** GROUP/NAME. */
  id: string;
  /** What is true of a service that passes. */
  shows: string;
  /** The SDKs that do not work without. */
  needed: readonly SdkVersion[];
  run(tools: Tools): Promise<void>;
}

export const groupOf = ({ id }: { id: string }): string => id.split('/')[0];

class CheckFailure extends Error {}
class CheckSkipped extends Error {}

/** A request that the service has refused, or that failed there, in its words. */
export class RefusedError extends Error {
  readonly status: number;
  /** Empty where it says nothing. */
  readonly words: string;

  constructor(place: string, status: number, words: string) {
    super(`${place}: HTTP ${status}${words === '' ? ' without a reason' : `: ${words}`}`);
    this.status = status;
    this.words = words;
  }
}

export function demand(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new CheckFailure(reason);
}

export function skip(reason: string): never {
  throw new CheckSkipped(reason);
}

/** How many digits a reason shows of a number that is not what it should be. */
const DIGITS = 6;

/** Of two numbers that services compute in their own precision. */
export function demandNear(got: number, wanted: number, tolerance: number, what: string): void {
  const shown = (value: number) => Number(value.toPrecision(DIGITS));
  demand(Math.abs(got - wanted) <= tolerance, `${what}: ${shown(got)} where ${shown(wanted)} was expected`);
}

/** Time to give back what a check has made. */
export const CLOSE_MS = 15_000;

/** Runs a check on tools of its own. It has ended after `limitMs`, or when the signal is aborted, one way or the other. */
export async function outcomeOf<Tools extends Bench>(
  check: Check<Tools>,
  open: () => Tools,
  { limitMs, signal }: { limitMs: number; signal?: AbortSignal },
): Promise<Outcome> {
  const tools = open();
  const work = check.run(tools).then((): Outcome => ({ state: 'passed' }), outcomeOfError);
  const late: Outcome = { state: 'failed', reason: `no end after ${limitMs / 1000} s` };
  const stopped = (): Outcome => ({ state: 'skipped', reason: 'the run was stopped' });
  const outcome = await within(unlessAborted(signal, work).catch(stopped), limitMs, late);
  // What cannot be given back says nothing about what was checked: sessions end by themselves, checkpoints have their time.
  await givenBack(tools);
  return outcome;
}

/** What a service does not take back in time is left to it. */
export async function givenBack(tools: Bench): Promise<void> {
  await within(
    tools.close().catch(() => undefined),
    CLOSE_MS,
    undefined,
  );
}

function outcomeOfError(error: unknown): Outcome {
  if (error instanceof CheckSkipped) return { state: 'skipped', reason: error.message };
  return { state: isRefusal(error) ? 'unsupported' : 'failed', reason: messageOf(error) };
}

/** Statuses that say that a service has no such thing. */
const LACKING = new Set([400, 404, 405, 415, 422, 501]);

/** Whether a service has said that it does not do what it was asked for. Without a word of why it is a failure. */
function isRefusal(error: unknown): boolean {
  if (error instanceof RefusedError) return LACKING.has(error.status) && error.words !== '';
  if (error instanceof StatusError) return LACKING.has(error.status) && error.body !== undefined;
  if (error instanceof FailedRequestError) return error.category === 'user';
  return error instanceof RequestError || error instanceof ConfigurationError;
}

export async function within<T>(work: Promise<T>, limitMs: number, late: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(late), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
