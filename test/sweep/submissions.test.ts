// Which runs are handed to an executor in one call.

import { expect, it } from 'vitest';
import type { Executor, Job } from '../../src/sweep/executor.ts';
import { NO_RESOURCES } from '../../src/sweep/resources.ts';
import { Submissions } from '../../src/sweep/submissions.ts';

const nothing = async () => undefined;
const jobOf = (directory: string): Job => ({
  description: directory,
  ended: Promise.resolve(''),
  stop: nothing,
  kill: nothing,
});

/** A queue that takes any number of runs, as that of a cluster does, and the calls that it got. */
function queue(): { executor: Executor; calls: string[][] } {
  const calls: string[][] = [];
  const submit = async (directories: readonly string[]) => {
    calls.push([...directories]);
    return directories.map(jobOf);
  };
  return { executor: { slots: Number.POSITIVE_INFINITY, submit, attach: async () => null }, calls };
}

/** A preparation that ends when it is told to. */
function preparation(directory: string) {
  let end = (_error?: Error): void => undefined;
  const ended = new Promise<string>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve(directory) : reject(error));
  });
  return { prepare: () => ended, end: (error?: Error) => end(error) };
}

it('hands over together what is prepared at a time, each with its own job', async () => {
  const { executor, calls } = queue();
  const submissions = new Submissions(executor, NO_RESOURCES);
  const [a, b, c] = [preparation('a'), preparation('b'), preparation('c')];
  const first = [a, b].map(({ prepare }) => submissions.submit(prepare));
  b.end();
  a.end();
  expect((await Promise.all(first)).map(({ description }) => description)).toEqual(['a', 'b']);
  const last = submissions.submit(c.prepare);
  c.end();
  expect((await last).description).toBe('c');
  expect(calls.map((call) => call.sort())).toEqual([['a', 'b'], ['c']]);
});

it('does not wait for a run that cannot be prepared', async () => {
  const { executor, calls } = queue();
  const submissions = new Submissions(executor, NO_RESOURCES);
  const [good, bad] = [preparation('good'), preparation('bad')];
  const jobs = [submissions.submit(good.prepare), submissions.submit(bad.prepare)];
  good.end();
  bad.end(new Error('changed since it was planned'));
  const [submitted, refused] = await Promise.allSettled(jobs);
  expect(submitted).toMatchObject({ status: 'fulfilled', value: { description: 'good' } });
  expect(refused).toMatchObject({ status: 'rejected', reason: { message: 'changed since it was planned' } });
  expect(calls).toEqual([['good']]);
});

it('fails all runs of a call that the executor refuses', async () => {
  const submit = () => Promise.reject(new Error('the queue is closed'));
  const submissions = new Submissions({ ...queue().executor, submit }, NO_RESOURCES);
  const jobs = ['a', 'b'].map((directory) => submissions.submit(async () => directory));
  for (const result of await Promise.allSettled(jobs)) {
    expect(result).toMatchObject({ status: 'rejected', reason: { message: 'the queue is closed' } });
  }
});
