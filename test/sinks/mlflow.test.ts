// What MLflow is sent: names that it takes, what is missing on a server, and answers of servers that are none or say no.

import { createServer, type IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MlflowApi } from '../../src/sinks/mlflow/api.ts';
import { type LoggedMetric, metricsOf, missingIn } from '../../src/sinks/mlflow/logged_metrics.ts';
import { Names } from '../../src/sinks/mlflow/names.ts';

const names = () => new Names(() => undefined);

describe('names', () => {
  it.each(['train_mean_nll', 'test/nll', 'env/all/reward:mean', 'time/a b-c.d'])('%s stays as it is', (name) => {
    expect(names().of(name)).toBe(name);
  });

  it('others are changed and told of once', () => {
    const told: string[] = [];
    const changing = new Names((from, to) => told.push(`${from} → ${to}`));
    for (const name of ['a@b', 'a@b', '../../etc', '/abs', 'a//b']) changing.of(name);
    expect(told).toMatchInlineSnapshot(`
      [
        "a@b → a_b_7508d8",
        "../../etc → _/_/etc_74ccf3",
        "/abs → _/abs_e802dc",
        "a//b → a/_/b_7a9acf",
      ]
    `);
  });

  it('whatever they are, MLflow takes them as a path that is normal and leads down, and no two become one', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1, maxLength: 400, unit: 'grapheme' }), { maxLength: 5 }),
        (given) => {
          const all = given.map((name) => names().of(name));
          expect(new Set(all).size).toBe(given.length);
          for (const name of all) {
            expect(name).toMatch(/^[\p{L}\p{N}_/.\- :]{1,250}$/u);
            expect(name.split('/').filter((part) => part === '' || part === '.' || part === '..')).toEqual([]);
          }
        },
      ),
    );
  });
});

describe('what is missing', () => {
  const metric = (key: string, step: number, value: number): LoggedMetric => ({ key, step, value, timestamp: 0 });
  const wanted = [metric('loss', 0, 1), metric('loss', 1, Number.NaN), metric('nll', 1, Number.POSITIVE_INFINITY)];

  it('is what the server lacks', () => {
    expect(missingIn([metric('loss', 0, 1)], wanted)).toEqual(wanted.slice(1));
    expect(missingIn([metric('nll', 1, Number.MAX_VALUE), metric('loss', 1, Number.NaN)], wanted)).toEqual([wanted[0]]);
  });

  it.each([
    ['a step that the run does not keep', [metric('loss', 2, 1)]],
    ['another value', [metric('loss', 0, 2)]],
    ['a step twice', [metric('loss', 0, 1), metric('loss', 0, 1)]],
    ['a metric that the run lacks', [metric('other', 0, 1)]],
  ])('cannot be said of %s', (_, history) => {
    expect(missingIn(history, wanted)).toBeNull();
  });

  it('texts are left out, truth values are numbers', () => {
    const leftOut: string[] = [];
    const rows = [{ step: 0, metrics: { a: true, b: 'text', c: 2 }, time: 5 }];
    const sent = metricsOf(rows, { names: names(), leftOut: (name) => leftOut.push(name) });
    expect(sent).toEqual([
      { key: 'a', value: 1, step: 0, timestamp: 5 },
      { key: 'c', value: 2, step: 0, timestamp: 5 },
    ]);
    expect(leftOut).toEqual(['b']);
  });
});

async function served(answer: (request: IncomingMessage) => { status: number; body: string }): Promise<string> {
  const server = createServer((request, response) => {
    const { status, body } = answer(request);
    response.statusCode = status;
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
}

describe('a server', () => {
  const { signal } = new AbortController();

  it('is sent the credentials of the environment, and no message shows them', async () => {
    const seen: (string | undefined)[] = [];
    const url = await served(({ headers }) => {
      seen.push(headers.authorization);
      return { status: 403, body: JSON.stringify({ error_code: 'DENIED', message: `no: ${headers.authorization}` }) };
    });
    const byToken = new MlflowApi(url, { env: { MLFLOW_TRACKING_TOKEN: 'token-1234' }, signal });
    await expect(byToken.post('runs/create', {})).rejects.toThrow(/HTTP 403 no: Bearer \*\*\*$/);
    const env = { MLFLOW_TRACKING_USERNAME: 'me', MLFLOW_TRACKING_PASSWORD: 'secret-word' };
    const byName = new MlflowApi(url, { env, signal });
    await expect(byName.get('runs/get', { run_id: 'x' })).rejects.toThrow(/GET runs\/get: HTTP 403 no: Basic \*\*\*$/);
    expect(seen).toEqual(['Bearer token-1234', `Basic ${Buffer.from('me:secret-word').toString('base64')}`]);
  });

  it.each(['<html>', '[]', '{', ''])('whose answer is %j is none', async (body) => {
    const url = await served(() => ({ status: 200, body }));
    await expect(new MlflowApi(url, { env: {}, signal }).post('runs/create', {})).rejects.toThrow('none of MLflow');
  });

  it('cannot steer the terminal', async () => {
    const url = await served(() => ({ status: 500, body: JSON.stringify({ message: '\u001b[2Jgone' }) }));
    await expect(new MlflowApi(url, { env: {}, signal }).post('runs/create', {})).rejects.toThrow('\\u001b[2Jgone');
  });

  it.each(['ftp://host', 'http://me:word@host', 'nowhere'])('is not reached by %s', (address) => {
    expect(() => new MlflowApi(address, { env: {}, signal })).toThrow(/MLflow server/);
  });
});
