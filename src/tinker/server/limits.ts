// What the server bounds, so that no client takes it from the others.

export interface Limits {
  /** Of a request, compressed or not. */
  bodyBytes: number;
  /** Sessions that are open at once. */
  sessions: number;
  /** Models in training at once, over all sessions. */
  models: number;
  /** Samplers that hold weights at once, over all sessions. */
  samplers: number;
  /** Custom losses that a session may create. */
  customLosses: number;
  /** Requests that are neither computed nor refused yet. */
  pendingRequests: number;
  /** Of the bodies that arrive at once, and again of those whose requests wait. */
  requestBytes: number;
  /** Results that are kept for their clients, those that were fetched included. */
  resultBytes: number;
  /** How long a poll waits for its result; clients give up after 45 s. */
  pollMs: number;
  /** How long a result is kept once it was fetched: whoever fetched it may not have got it. */
  deliveredMs: number;
  /** How long a model waits for a request that others have overtaken. Clients try for five minutes to send one. */
  gapMs: number;
  /** How long a session lives without a word from its client. */
  silenceMs: number;
}

/** What to do about a limit that sessions, or what was made in them, have come to. */
export function endsOf({ silenceMs }: Pick<Limits, 'silenceMs'>): string {
  return `finish sessions that are done, or wait, since those of silent clients end after ${Math.ceil(silenceMs / 60_000)} min`;
}

export const LIMITS: Limits = {
  bodyBytes: 128 * 2 ** 20,
  sessions: 256,
  models: 64,
  samplers: 64,
  customLosses: 64,
  pendingRequests: 20_000,
  requestBytes: 2 ** 30,
  resultBytes: 2 ** 30,
  pollMs: 25_000,
  deliveredMs: 300_000,
  gapMs: 330_000,
  silenceMs: 900_000,
};
