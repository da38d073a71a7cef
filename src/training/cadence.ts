// When a save is due that is made every so many steps, tokens or seconds.

/** 0 means never by that measure; the first that has passed counts. */
export interface Cadence {
  steps: number;
  tokens: number;
  seconds: number;
}

/** How far a run is. `seconds` come from any clock that goes forward. */
export interface Position {
  step: number;
  tokens: number;
  seconds: number;
}

/** Steps and tokens count from the beginning of the run, so that a resumed one saves where it would have; seconds from the last save. */
export function isDue({ steps, tokens, seconds }: Cadence, now: Position, last: Position): boolean {
  if (now.step <= last.step) return false;
  const passed = (every: number, at: number, before: number) =>
    every > 0 && Math.floor(at / every) > Math.floor(before / every);
  return (
    (steps > 0 && now.step % steps === 0) ||
    passed(tokens, now.tokens, last.tokens) ||
    (seconds > 0 && now.seconds - last.seconds >= seconds)
  );
}
