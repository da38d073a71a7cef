// Results that are fetched later: kept, delivered again, and forgotten within bounds.

import { describe, expect, it } from 'vitest';
import { Futures, type Result } from '../../../src/tinker/server/futures.ts';
import { RequestError } from '../../../src/util/errors.ts';

const LIMITS = { requestBytes: 2 ** 20, pendingRequests: 3, resultBytes: 10_000, deliveredMs: 1000, pollMs: 30 };
const never = new AbortController().signal;
const json = (value: number): Result => ({ kind: 'json', value: { value } });

function open(limits: Partial<typeof LIMITS> = {}) {
  const failures: unknown[] = [];
  return { futures: new Futures({ ...LIMITS, ...limits }, (error) => failures.push(error)), failures };
}

describe('futures', () => {
  it('answer all polls of a request that wait, and later ones again', async () => {
    const { futures } = open({ pollMs: 10_000 });
    const { promise, resolve } = withResolver();
    futures.submit('a', 'sample', () => promise);
    const polls = [1, 2, 3].map(() => futures.poll('a', never));
    resolve(json(7));
    expect(await Promise.all(polls)).toEqual([json(7), json(7), json(7)]);
    expect(await futures.poll('a', never)).toEqual(json(7));
  });

  it('let a poll go after a while, or when its client has gone', async () => {
    const { futures } = open();
    futures.submit('a', 'sample', () => withResolver().promise);
    expect(await futures.poll('a', never)).toBeNull();
    const gone = new AbortController();
    const poll = futures.poll('a', gone.signal);
    gone.abort();
    expect(await poll).toBeNull();
  });

  it('do what is asked for once, however often it is asked for', async () => {
    const { futures } = open();
    let times = 0;
    const work = async () => json(++times);
    for (let i = 0; i < 3; i++) futures.submit('a', 'optim_step', work);
    expect(await futures.poll('a', never)).toEqual(json(1));
    expect(() => futures.submit('a', 'save_weights', work)).toThrow(/number is that of an earlier request, optim_step/);
  });

  it('say of a failure whose it is', async () => {
    const { futures, failures } = open();
    futures.submit('user', 'sample', async () => {
      throw new RequestError('too long', { hint: 'Shorten it.' });
    });
    futures.submit('server', 'sample', async () => {
      throw new TypeError('broken');
    });
    const of = (id: string) => futures.poll(id, never);
    expect(await of('user')).toEqual({ kind: 'failed', error: 'too long. Shorten it.', category: 'user' });
    expect(await of('server')).toEqual({ kind: 'failed', error: 'broken', category: 'server' });
    expect(failures).toHaveLength(1);
  });

  it('forget what was fetched, after its time, and keep what was not', async () => {
    const { futures } = open();
    for (const id of ['fetched', 'unfetched']) futures.submit(id, 'sample', async () => json(1));
    await futures.poll('fetched', never);
    futures.tidy(Date.now() + LIMITS.deliveredMs - 100);
    expect(await futures.poll('fetched', never)).not.toBeNull();
    futures.tidy(Date.now() + LIMITS.deliveredMs + 100);
    await expect(futures.poll('fetched', never)).rejects.toMatchObject({ status: 410 });
    expect(await futures.poll('unfetched', never)).toEqual(json(1));
  });

  it('make room for new results by those that were fetched', async () => {
    const { futures } = open({ resultBytes: 1600 });
    for (const id of ['a', 'b', 'c']) futures.submit(id, 'sample', async () => json(1));
    await futures.poll('b', never);
    futures.submit('d', 'sample', async () => json(1));
    expect(await futures.poll('d', never)).toEqual(json(1));
    await expect(futures.poll('b', never)).rejects.toMatchObject({ status: 410 });
    expect(await futures.poll('a', never)).toEqual(json(1));
  });

  it('take no more than there is room for', () => {
    const { futures } = open();
    for (const id of ['a', 'b', 'c']) futures.submit(id, 'sample', () => withResolver().promise);
    expect(() => futures.requireRoom()).toThrow(expect.objectContaining({ status: 429 }));
  });

  it('hold no more bytes of requests than there is room for, and one that is larger only by itself', async () => {
    const { futures } = open({ requestBytes: 100 });
    const { promise, resolve } = withResolver();
    futures.requireRoom(150);
    futures.submit('a', 'sample', () => promise, { bytes: 150 });
    expect(() => futures.requireRoom(1)).toThrow(expect.objectContaining({ status: 429 }));
    resolve(json(1));
    await futures.poll('a', never);
    futures.requireRoom(60);
    futures.submit('b', 'sample', () => withResolver().promise, { bytes: 60 });
    futures.requireRoom(40);
    expect(() => futures.requireRoom(41)).toThrow(expect.objectContaining({ status: 429 }));
  });
});

function withResolver() {
  let resolve: (result: Result) => void = () => undefined;
  const promise = new Promise<Result>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
