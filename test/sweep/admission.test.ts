// Which runs run side by side on a machine that has room for some of them.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Admission } from '../../src/sweep/admission.ts';
import { type Capacity, NO_RESOURCES, type Resources, SHARED } from '../../src/sweep/resources.ts';

const MACHINE: Capacity = { cpus: 4, memory_gb: 8, gpus: 1 };

/** Runs that end when they are told to, under the names that they were given. */
class Runs {
  readonly running = new Set<string>();
  readonly started: string[] = [];
  readonly #ends = new Map<string, () => void>();
  readonly #admission: Admission;

  constructor(admission: Admission) {
    this.#admission = admission;
  }

  async add(name: string, size: Resources): Promise<void> {
    await this.#admission.run(size, async () => {
      this.running.add(name);
      this.started.push(name);
      await new Promise<void>((end) => this.#ends.set(name, end));
      this.running.delete(name);
    });
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)?.();
    await settled();
  }
}

/** All that promises still have to do without anybody's help. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

const SMALL: Resources = { ...NO_RESOURCES, cpus: 1 };
const LARGE: Resources = { ...NO_RESOURCES, cpus: 4 };

it('lets a run wait that does not fit, and others go before it', async () => {
  const runs = new Runs(new Admission({ slots: 8, capacity: MACHINE }));
  void runs.add('small', SMALL);
  void runs.add('large', LARGE);
  void runs.add('another small', SMALL);
  await settled();
  expect(runs.started).toEqual(['small', 'another small']);
  await runs.end('small');
  expect(runs.started).toEqual(['small', 'another small']);
  await runs.end('another small');
  expect(runs.started).toEqual(['small', 'another small', 'large']);
});

it('keeps room for a run that has been passed often enough', async () => {
  const runs = new Runs(new Admission({ slots: 8, capacity: MACHINE }));
  void runs.add('first', SMALL);
  void runs.add('large', LARGE);
  for (let i = 0; i < 40; i++) void runs.add(`small ${i}`, SMALL);
  await settled();
  while (!runs.started.includes('large')) {
    const [oldest = ''] = runs.running;
    await runs.end(oldest);
  }
  // The first, and eight that have passed it.
  expect(runs.started.indexOf('large')).toBe(9);
});

it('runs what is larger than the machine alone', async () => {
  const runs = new Runs(new Admission({ slots: 8, capacity: MACHINE }));
  void runs.add('small', SMALL);
  void runs.add('huge', { ...NO_RESOURCES, memory_gb: 100 });
  await settled();
  expect([...runs.running]).toEqual(['small']);
  await runs.end('small');
  expect([...runs.running]).toEqual(['huge']);
});

const anyAmount = (most: number) => fc.option(fc.integer({ min: 0, max: most }), { nil: null });
const anySize: fc.Arbitrary<Resources> = fc.record({
  cpus: anyAmount(4),
  memory_gb: anyAmount(8),
  gpus: anyAmount(1),
  time_seconds: fc.constant(null),
});

it('never takes more than there is, and brings every run to its turn', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anySize, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      async (sizes, choices, slots) => {
        const runs = new Runs(new Admission({ slots, capacity: MACHINE }));
        const sizeOf = new Map(choices.map((choice, i) => [`${i}`, sizes[choice % sizes.length] ?? NO_RESOURCES]));
        for (const [name, size] of sizeOf) void runs.add(name, size);
        for (await settled(); runs.running.size > 0; ) {
          expect(runs.running.size).toBeLessThanOrEqual(slots);
          for (const resource of SHARED) {
            const used = [...runs.running].reduce((sum, name) => sum + (sizeOf.get(name)?.[resource] ?? 0), 0);
            expect(used).toBeLessThanOrEqual(MACHINE[resource]);
          }
          const [oldest = ''] = runs.running;
          await runs.end(oldest);
        }
        expect(runs.started.length).toBe(choices.length);
      },
    ),
    { numRuns: 100 },
  );
});
