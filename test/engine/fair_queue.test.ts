import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FairQueue, type Lane } from '../../src/engine/fair_queue.ts';

/** Asks for `count` pieces of work at once; each notes its name. */
const many = (lane: Lane, name: string, count: number, log: string[]) =>
  Array.from({ length: count }, (_, i) => lane.run(async () => void log.push(`${name}${i}`)));

it('gives every session its turn, however long the list of another is', async () => {
  const queue = new FairQueue();
  const log: string[] = [];
  const busy = many(queue.session().lane(), 'a', 4, log);
  const other = many(queue.session().lane(), 'b', 2, log);
  await Promise.all([...busy, ...other]);
  expect(log.join(' ')).toBe('a0 b0 a1 b1 a2 a3');
});

it('lets the clients of a session share its turns', async () => {
  const queue = new FairQueue();
  const log: string[] = [];
  const session = queue.session();
  await Promise.all([
    ...many(session.lane(), 'a', 3, log),
    ...many(session.lane(), 'b', 3, log),
    ...many(queue.session().lane(), 'other', 3, log),
  ]);
  expect(log.join(' ')).toBe('a0 other0 b0 other1 a1 other2 b1 a2 b2');
});

it('serves a client that asks again as soon as it is answered as often as one with a list', async () => {
  const queue = new FairQueue();
  const log: string[] = [];
  const list = many(queue.session().lane(), 'list', 6, log);
  const asking = queue.session().lane();
  for (let i = 0; i < 3; i++) await asking.run(async () => void log.push(`ask${i}`));
  await Promise.all(list);
  expect(log.join(' ')).toBe('list0 ask0 list1 ask1 list2 ask2 list3 list4 list5');
});

it('hands on what work returns and throws, and goes on after it', async () => {
  const lane = new FairQueue().session().lane();
  const failed = lane.run(() => Promise.reject(new Error('broken')));
  const next = lane.run(async () => 7);
  await expect(failed).rejects.toThrow('broken');
  expect(await next).toBe(7);
});

it('finishes what runs when a lane is closed, and refuses what waits and what comes', async () => {
  const queue = new FairQueue();
  const lane = queue.session().lane();
  let finish: (value: string) => void = () => undefined;
  const running = lane.run(() => new Promise<string>((resolve) => (finish = resolve)));
  const waiting = lane.run(async () => 'waited');
  lane.close(new Error('closed'));
  await expect(waiting).rejects.toThrow('closed');
  await expect(lane.run(async () => 'late')).rejects.toThrow('closed');
  finish('done');
  expect(await running).toBe('done');
  expect(
    await queue
      .session()
      .lane()
      .run(async () => 'others go on'),
  ).toBe('others go on');
});

it('runs one piece at a time, every piece once, and those of a lane in their order', async () => {
  const submissions = fc.array(fc.record({ session: fc.nat(2), lane: fc.nat(1), ticks: fc.nat(3) }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(submissions, async (pieces) => {
      const queue = new FairQueue();
      const sessions = [0, 1, 2].map(() => queue.session());
      const lanes = sessions.map((session) => [session.lane(), session.lane()]);
      const ran: number[] = [];
      let running = 0;
      await Promise.all(
        pieces.map(({ session, lane, ticks }, index) =>
          lanes[session][lane].run(async () => {
            running += 1;
            expect(running).toBe(1);
            for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
            ran.push(index);
            running -= 1;
          }),
        ),
      );
      expect([...ran].sort((a, b) => a - b)).toEqual(pieces.map((_, index) => index));
      for (const [session, lane] of [0, 1, 2].flatMap((s) => [0, 1].map((l) => [s, l]))) {
        const own = ran.filter((index) => pieces[index].session === session && pieces[index].lane === lane);
        expect(own).toEqual([...own].sort((a, b) => a - b));
      }
    }),
  );
});
