import { expect, it } from 'vitest';
import { Gathering } from '../../../src/tinker/server/gathering.ts';

it('begins what comes together when all of it is there, in its order', async () => {
  const gathering = new Gathering();
  const log: string[] = [];
  const ask = (name: string) => {
    log.push(`${name} comes`);
    return gathering.run(async () => void log.push(`${name} begins`));
  };
  const asked = [ask('first')];
  await Promise.resolve();
  asked.push(ask('second'), ask('third'));
  await Promise.all(asked);
  expect(log).toEqual(['first comes', 'second comes', 'third comes', 'first begins', 'second begins', 'third begins']);
});

it('begins at once what comes while something is computed, and gathers again when all is done', async () => {
  const gathering = new Gathering();
  let end = (): void => undefined;
  let first: Promise<void> = Promise.resolve();
  await new Promise<void>((begun) => {
    first = gathering.run(
      () =>
        new Promise((resolve) => {
          end = resolve;
          begun();
        }),
    );
  });
  let isBegun = false;
  const second = gathering.run(async () => {
    isBegun = true;
  });
  // No timer can have gone off.
  await Promise.resolve();
  await Promise.resolve();
  expect(isBegun).toBe(true);
  end();
  await Promise.all([first, second]);

  let again = false;
  const third = gathering.run(async () => {
    again = true;
  });
  await Promise.resolve();
  await Promise.resolve();
  expect(again).toBe(false);
  await third;
});

it('waits only so long for somebody who never stops sending', async () => {
  const gathering = new Gathering();
  let isBegun = false;
  const asked = [
    gathering.run(async () => {
      isBegun = true;
    }),
  ];
  while (!isBegun) {
    asked.push(gathering.run(async () => undefined));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(asked);
});

it('gathers anew after work that failed', async () => {
  const gathering = new Gathering();
  await expect(gathering.run(() => Promise.reject(new Error('no memory')))).rejects.toThrow('no memory');
  expect(await gathering.run(() => Promise.resolve('done'))).toBe('done');
});
