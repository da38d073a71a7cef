// When a stop reaches those who wait for it.

import { describe, expect, it } from 'vitest';
import { HeldSignal } from '../../src/rl/held_signal.ts';

describe('a held signal', () => {
  const setUp = () => {
    const stop = new AbortController();
    return { stop, held: new HeldSignal(stop.signal) };
  };

  it('passes a stop on at once while nobody holds it, and its reason with it', () => {
    const { stop, held } = setUp();
    stop.abort('why');
    expect(held.signal).toMatchObject({ aborted: true, reason: 'why' });
    expect(() => held.hold()).toThrow('why');
  });

  it('passes it on at the release while somebody does', () => {
    const { stop, held } = setUp();
    held.hold();
    stop.abort();
    expect(held.signal.aborted).toBe(false);
    held.release();
    expect(held.signal.aborted).toBe(true);
  });

  it('is let go of without a stop', () => {
    const { stop, held } = setUp();
    held.hold();
    held.release();
    expect(held.signal.aborted).toBe(false);
    stop.abort();
    expect(held.signal.aborted).toBe(true);
  });

  it('is aborted from the beginning where the stop came before it', () => {
    expect(new HeldSignal(AbortSignal.abort()).signal.aborted).toBe(true);
  });
});
