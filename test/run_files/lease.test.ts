// The lease: one writer at most, whatever processes do at once and wherever they are stopped or killed.

import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { awaitLease, LeaseHeldError, leaseHolder, takeLease } from '../../src/run_files/lease.ts';
import type { LeaseRecord } from '../../src/run_files/types.ts';
import { thisProcess } from '../../src/util/liveness.ts';
import { supportFile, TestProcess } from '../run/support/processes.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const LEASE_PROCESS = supportFile('lease_process.mjs');
const onLinux = process.platform === 'linux';

async function startProcess(): Promise<TestProcess> {
  const started = new TestProcess([LEASE_PROCESS]);
  expect(await started.line()).toBe('ready');
  return started;
}

/** Leaves the lease of this process, changed in some fields, in a new directory. */
async function directoryWithLease(changes: Partial<LeaseRecord>): Promise<string> {
  const directory = await temporaryDirectory();
  const record = { token: 'old', ...thisProcess(), taken_at: '2026-01-01T00:00:00.000Z', ...changes };
  await writeFile(join(directory, 'lease'), JSON.stringify(record));
  return directory;
}

describe('a lease', () => {
  it('says who holds it, and is gone when it is given back', async () => {
    const directory = await temporaryDirectory();
    const lease = await takeLease(directory);
    expect(await leaseHolder(directory)).toMatchObject({ pid: process.pid });
    expect(await readdir(directory)).toEqual(['lease']);
    await lease.release();
    expect(await leaseHolder(directory)).toBeNull();
    expect(await readdir(directory)).toEqual([]);
  });

  it('is refused while a live process holds it, with host and pid', async () => {
    const directory = await temporaryDirectory();
    const holder = await startProcess();
    expect(await holder.ask(`take ${directory}`)).toBe('taken');
    await expect(takeLease(directory)).rejects.toMatchObject({
      code: 'RUN_DIRECTORY',
      message: expect.stringContaining(`is in use by process ${holder.pid} on `),
      hint: expect.stringContaining('Wait until it ends or stop it.'),
    });
    expect(await holder.ask('release')).toBe('released');
    await (await takeLease(directory)).release();
  });

  it('is waited for where it is held for a moment, and refused where it is held for longer', async () => {
    const directory = await temporaryDirectory();
    const holder = await startProcess();
    expect(await holder.ask(`take ${directory}`)).toBe('taken');
    await expect(awaitLease(directory, 50)).rejects.toBeInstanceOf(LeaseHeldError);
    const awaited = awaitLease(directory, Number.POSITIVE_INFINITY);
    expect(await holder.ask('release')).toBe('released');
    await (await awaited).release();
  });

  it('is not given back by a process that lost it', async () => {
    const directory = await temporaryDirectory();
    const lease = await takeLease(directory);
    await writeFile(join(directory, 'lease'), JSON.stringify({ token: 'new' }));
    await lease.release();
    expect(await readdir(directory)).toEqual(['lease']);
  });

  it('that is damaged is named, and not taken for dead', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'lease'), '{"token"');
    await expect(takeLease(directory)).rejects.toMatchObject({
      code: 'RUN_DIRECTORY',
      hint: expect.stringContaining('Delete'),
    });
  });
});

describe('a lease is taken over', () => {
  it('from a process that was killed', async () => {
    const directory = await temporaryDirectory();
    const holder = await startProcess();
    await holder.ask(`take ${directory}`);
    await holder.kill('SIGKILL');
    expect(await leaseHolder(directory)).toBeNull();
    await (await takeLease(directory)).release();
    expect(await readdir(directory)).toEqual([]);
  });

  it.runIf(onLinux)('from a process that was killed and that its parent has not reaped', async () => {
    const directory = await temporaryDirectory();
    const parent = new TestProcess([supportFile('unreaped_parent.mjs'), directory]);
    expect(await parent.line()).toBe('dead');
    expect(await leaseHolder(directory)).toBeNull();
  });

  it('from a process whose pid another one has now', async () => {
    const directory = await directoryWithLease({ process_started: '1' });
    expect(await leaseHolder(directory)).toBeNull();
    await (await takeLease(directory)).release();
  });

  it('from before the machine was started anew', async () => {
    const directory = await directoryWithLease({ boot_id: 'another' });
    await (await takeLease(directory)).release();
  });

  it.each([
    ['on another host', { host: 'elsewhere' }],
    ['in another container of this host', { pid_namespace: 'pid:[1]' }],
  ])('from a process %s only when it has been silent for long', async (_, changes) => {
    const directory = await directoryWithLease(changes);
    await expect(takeLease(directory)).rejects.toThrow('is in use by');
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(join(directory, 'lease'), longAgo, longAgo);
    await (await takeLease(directory)).release();
  });
});

describe('where clocks disagree', () => {
  /** This machine's clock, from now on; that of the file system stays what it is. */
  function setClock(aheadMs: number): void {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: Date.now() + aheadMs });
    onTestFinished(() => {
      vi.useRealTimers();
    });
  }

  it.each([-600_000, 600_000])(
    'by %i ms, a lease of another host is judged by the clock of the file system',
    async (ms) => {
      const directory = await directoryWithLease({ host: 'elsewhere' });
      setClock(ms);
      await expect(takeLease(directory)).rejects.toThrow('is in use by');
      const silentFor = new Date(Date.now() - ms - 90_000);
      await utimes(join(directory, 'lease'), silentFor, silentFor);
      await (await takeLease(directory)).release();
    },
  );

  it('the heartbeat is of the clock of the file system', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'lease');
    setClock(600_000);
    const lease = await takeLease(directory);
    const before = await readFile(path, 'utf8');
    await utimes(path, 0, 0);
    await vi.advanceTimersByTimeAsync(5_000);
    await vi.waitUntil(async () => (await stat(path)).mtimeMs > 0);
    expect(Math.abs((await stat(path)).mtimeMs - (Date.now() - 605_000))).toBeLessThan(60_000);
    expect(await readFile(path, 'utf8')).toBe(before);
    await lease.release();
  });
});

describe('a process that was frozen', () => {
  async function frozen(thawedAfterMs: number) {
    const directory = await temporaryDirectory();
    const lease = await takeLease(directory);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + thawedAfterMs });
    onTestFinished(async () => {
      vi.useRealTimers();
      await lease.release();
    });
    return { directory, lease };
  }

  it('finds before its next write that its lease was taken, without waiting for a timer', async () => {
    const { directory, lease } = await frozen(120_000);
    await writeFile(join(directory, 'lease'), JSON.stringify({ token: 'new' }));
    expect(() => lease.lost.throwIfAborted()).toThrow('was taken by another process');
    expect(lease.lost.aborted).toBe(true);
  });

  it('goes on where nobody has taken its lease', async () => {
    const { lease } = await frozen(120_000);
    lease.lost.throwIfAborted();
    expect(lease.lost.aborted).toBe(false);
  });

  it('believes nothing that it cannot read', async () => {
    const { directory, lease } = await frozen(120_000);
    await writeFile(join(directory, 'lease'), '{"tok');
    expect(() => lease.lost.throwIfAborted()).toThrow('another process may have taken it');
  });
});

describe('of many processes', () => {
  it('that start at once exactly one gets the lease, and each time it is killed exactly one other', async () => {
    const directory = await temporaryDirectory();
    const processes = new Set(await Promise.all(Array.from({ length: 8 }, startProcess)));
    while (processes.size > 0) {
      const answers = await Promise.all(
        [...processes].map(async (each) => ({ each, answer: await each.ask(`take ${directory}`) })),
      );
      const winners = answers.filter(({ answer }) => answer === 'taken').map(({ each }) => each);
      expect(winners).toHaveLength(1);
      const [winner] = winners;
      if (winner === undefined) return;
      const others = answers.filter(({ each }) => each !== winner).map(({ answer }) => answer);
      // Usually the winner; for a moment of a takeover it can be one of those who are about to lose.
      for (const answer of others) expect(answer).toMatch(/is in use by process \d+ on /);
      expect(JSON.parse(await readFile(join(directory, 'lease'), 'utf8'))).toMatchObject({ pid: winner.pid });
      await winner.kill('SIGKILL');
      processes.delete(winner);
    }
  });

  /** Sends a new process to take the lease, which gets a signal before its n-th call on a file, and returns what it says. */
  async function sendTaker(directory: string, signal: 'SIGSTOP' | 'SIGKILL', call: number) {
    const env = { FAULT: `${signal}:${call}`, FAULT_DIRECTORY: directory };
    const taker = new TestProcess(['--import', supportFile('fault.mjs'), LEASE_PROCESS], { env });
    expect(await taker.line()).toBe('ready');
    return { taker, answer: await taker.ask(`take ${directory}`) };
  }

  it.runIf(onLinux).each([
    ['another takes it', false],
    ['another takes it and gives it back, and a third takes it', true],
  ])('one that is stopped anywhere in a takeover never has it beside another: %s', async (_, givesBack) => {
    const [second, third] = [await startProcess(), await startProcess()];
    const winners = new Set<string>();
    for (let call = 1; ; call++) {
      const directory = await directoryWithLease({ process_started: '1' });
      const { taker, answer } = await sendTaker(directory, 'SIGSTOP', call);
      if (answer === 'taken') break;
      expect(answer).toBe('stopped');
      await taker.stopped();

      const others = (await second.ask(`take ${directory}`)) === 'taken' ? 1 : 0;
      if (others === 1 && givesBack) {
        expect(await second.ask('release')).toBe('released');
        expect(await third.ask(`take ${directory}`)).toBe('taken');
      }
      taker.signal('SIGCONT');
      const own = (await taker.line()) === 'taken' ? 1 : 0;
      expect({ call, holders: own + others }).toEqual({ call, holders: 1 });
      winners.add(own === 1 ? 'the stopped one' : 'another');
      await taker.kill('SIGKILL');
    }
    expect([...winners]).toEqual(['another', 'the stopped one']);
  });

  it('one that is killed anywhere in a takeover leaves a lease that another can take', async () => {
    const next = await startProcess();
    for (let call = 1, answer: string | null = null; answer !== 'taken'; call++) {
      const directory = await directoryWithLease({ process_started: '1' });
      const sent = await sendTaker(directory, 'SIGKILL', call);
      answer = sent.answer;
      await sent.taker.kill('SIGKILL');
      expect({ call, next: await next.ask(`take ${directory}`) }).toEqual({ call, next: 'taken' });
    }
  });
});
