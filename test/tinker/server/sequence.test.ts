// The order of a model's requests, whatever order they arrive in.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sequence } from '../../../src/tinker/server/sequence.ts';
import { RequestError } from '../../../src/util/errors.ts';

const FOREVER_MS = 1e6;

describe('a sequence', () => {
  it('does the work in the order of the numbers, each once, and one that fails stops no other', async () => {
    const orders = fc.integer({ min: 1, max: 20 }).chain((n) =>
      fc.shuffledSubarray(
        Array.from({ length: n }, (_, i) => i + 1),
        { minLength: n },
      ),
    );
    await fc.assert(
      fc.asyncProperty(orders, fc.func(fc.boolean()), fc.func(fc.boolean()), async (order, fails, refused) => {
        const sequence = new Sequence(FOREVER_MS);
        const done: number[] = [];
        const outcomes = order.map((seq) => {
          if (refused(seq)) {
            sequence.skip(seq);
            return Promise.resolve();
          }
          return sequence.run(seq, async () => {
            await Promise.resolve();
            done.push(seq);
            if (fails(seq)) throw new Error('no');
          });
        });
        await Promise.allSettled(outcomes);
        expect(done).toEqual([...order].sort((a, b) => a - b).filter((seq) => !refused(seq)));
        expect(order.every((seq) => sequence.isTaken(seq))).toBe(true);
        expect(sequence.isTaken(order.length + 1)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  it('gives up on a request that never comes, refuses those behind it and goes on', async () => {
    const sequence = new Sequence(20);
    const behind = sequence.run(2, async () => 'done');
    await expect(behind).rejects.toThrow(/request 1 of this model has not arrived/);
    expect(sequence.isTaken(1)).toBe(true);
    await expect(sequence.run(3, async () => 'done')).resolves.toBe('done');
  });

  it('does not give up while what came before is computed', async () => {
    const sequence = new Sequence(5);
    const slow = sequence.run(1, () => new Promise((resolve) => setTimeout(resolve, 60)));
    const behind = sequence.run(2, async () => 'done');
    await slow;
    await expect(behind).resolves.toBe('done');
  });

  it('finishes what runs when it is closed, and refuses the rest', async () => {
    const sequence = new Sequence(FOREVER_MS);
    let finished = false;
    const running = sequence.run(1, async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      finished = true;
    });
    const waiting = sequence.run(2, async () => undefined);
    const late = sequence.run(4, async () => undefined);
    const refused = Promise.allSettled([waiting, late]);
    await sequence.close(new RequestError('closed'));
    expect(finished).toBe(true);
    await running;
    expect((await refused).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(sequence.run(3, async () => undefined)).rejects.toThrow('closed');
  });
});
