// A server that speaks SandboxFusion's protocol: what it is asked, what becomes of its answers, and that none of them, however
// hostile, does more than to fail a run.

import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { httpSandbox } from '../../src/sandbox/http/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/types.ts';
import { LIMITS, runProgram } from './support.ts';

type Handler = (body: string, response: ServerResponse, request: IncomingMessage) => void;

async function served(handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => handler(body, response, request));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address');
  return `http://127.0.0.1:${address.port}/run_code`;
}

const sandboxAt = (url: string, retries = 0): Sandbox => httpSandbox({ url, concurrency: 4, retries });
const json = (response: ServerResponse, value: unknown, status = 200) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
const finished = (result: object, rest: object = {}) => ({
  status: 'Success',
  message: '',
  compile_result: null,
  run_result: { status: 'Finished', execution_time: 0.1, return_code: 0, stdout: '', stderr: '', ...result },
  executor_pod_name: null,
  files: {},
  ...rest,
});

/** Runs Python for real, as the server of SandboxFusion does. */
const python: Handler = (body, response) => {
  const { code, stdin, run_timeout } = JSON.parse(body);
  const running = promisify(execFile)('/usr/bin/python3', ['-c', code], { timeout: run_timeout * 1000 });
  running.child.stdin?.end(stdin);
  running.then(
    ({ stdout, stderr }) => json(response, finished({ stdout, stderr })),
    ({ code: return_code, killed, stdout, stderr }) => {
      const status = killed ? 'TimeLimitExceeded' : 'Finished';
      json(
        response,
        finished({ status, return_code: killed ? null : return_code, stdout, stderr }, { status: 'Failed' }),
      );
    },
  );
};

describe('a program', () => {
  it('is run there, and ends as it ends', async () => {
    const sandbox = sandboxAt(await served(python));
    const run = (code: string) => runProgram(sandbox, { code, language: 'python', stdin: '19 23' });
    expect(await run('print(sum(map(int, input().split())))')).toMatchObject({
      status: 'ok',
      exit_code: 0,
      stdout: '42\n',
    });
    expect(await run('import sys; sys.exit(3)')).toMatchObject({ status: 'error', exit_code: 3 });
    expect(await run('1 / 0')).toMatchObject({ status: 'error', stderr: expect.stringContaining('ZeroDivisionError') });
    expect(await run('while True: pass')).toMatchObject({ status: 'timeout', exit_code: null });
    expect(await run('raise MemoryError')).toMatchObject({ status: 'memory', exit_code: null });
    expect(await run('print("x" * 20000)')).toMatchObject({ status: 'output', stdout: 'x'.repeat(10_000) });
  });

  it('is asked for in the words of the protocol', async () => {
    const asked: unknown[] = [];
    const url = await served((body, response) => {
      asked.push(JSON.parse(body));
      json(response, finished({}));
    });
    await runProgram(sandboxAt(url), { code: '1', language: 'javascript', files: { 'a/b.txt': 'ü' }, stdin: 'in' });
    expect(asked).toEqual([
      {
        language: 'nodejs',
        code: '1',
        stdin: 'in',
        files: { 'a/b.txt': Buffer.from('ü').toString('base64') },
        fetch_files: [],
        compile_timeout: 10,
        run_timeout: 2,
        memory_limit_MB: 64,
      },
    ]);
  });
});

describe('a server that fails', () => {
  it('is asked again, and the answer that it then gives counts', async () => {
    const failures: Handler[] = [
      (_, response) => json(response, { detail: 'busy' }, 503),
      (_, response) => response.destroy(),
      (_, response) => json(response, { status: 'SandboxError', message: 'no pod' }),
    ];
    const url = await served((body, response, request) =>
      (failures.shift() ?? ((_, answer) => json(answer, finished({ stdout: 'at last' }))))(body, response, request),
    );
    expect(await runProgram(sandboxAt(url, 3), { code: '', language: 'python' })).toMatchObject({
      status: 'ok',
      stdout: 'at last',
    });
  });

  it('is not asked again where that would change nothing', async () => {
    let asked = 0;
    const url = await served((_, response) => {
      asked += 1;
      json(response, { detail: 'no such language' }, 422);
    });
    const { status, stderr } = await runProgram(sandboxAt(url, 3), { code: '', language: 'bash' });
    expect([status, asked]).toEqual(['unavailable', 1]);
    expect(stderr).toContain('HTTP 422: {"detail":"no such language"}');
  });

  it('that is not there makes the sandbox unavailable', async () => {
    const { status, stderr } = await runProgram(sandboxAt('http://127.0.0.1:1/run_code'), {
      code: '',
      language: 'bash',
    });
    expect([status, stderr]).toEqual(['unavailable', 'http://127.0.0.1:1/run_code: bad port']);
  });

  it('and keeps a run waiting is given up with it', async () => {
    const sandbox = sandboxAt(await served(() => undefined));
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 100);
    const run = { language: 'python', files: { main: '' }, entry: 'main', limits: LIMITS };
    await expect(sandbox.run(run, { signal: stop.signal })).rejects.toThrow('enough');
  });
});

type Hostile = [title: string, answer: Handler];

const says =
  (value: unknown): Handler =>
  (_, response) =>
    json(response, value);
const writes =
  (text: string | Buffer): Handler =>
  (_, response) =>
    response.end(text);

const HOSTILE: Hostile[] = [
  ['nothing', writes('')],
  ['a text', writes('hello')],
  ['half of an answer', writes('{"status": "Success", "run_res')],
  ['bytes that are no text', writes(Buffer.from([0xff, 0xfe, 0x00, 0x80]))],
  ['null', says(null)],
  ['a list', says([])],
  ['a number', says(7)],
  ['an object without a status', says({})],
  ['another status', says(finished({}, { status: 'Fine' }))],
  ['a status that is a list', says(finished({}, { status: ['Success'] }))],
  ['no result', says(finished({}, { run_result: null }))],
  ['a result that is a text', says(finished({}, { run_result: 'ok' }))],
  ['a result that is a list', says(finished({}, { run_result: [{}] }))],
  ['a result without a status', says(finished({}, { run_result: { stdout: '' } }))],
  ['an exit code that is a text', says(finished({ return_code: '0' }))],
  [
    'an exit code that is no number',
    writes('{"status":"Failed","run_result":{"status":"Finished","return_code":1e999}}'),
  ],
  ['output that is a list', says(finished({ stdout: ['x'] }))],
  ['output that is a number', says(finished({ stdout: 1 }))],
  ['errors that are an object', says(finished({ stderr: { toString: 'x' } }))],
  ['a message that is an object', says(finished({}, { message: {} }))],
  ['a failed compiler of another form', says(finished({}, { compile_result: 1 }))],
  ['members of prototypes', writes('{"__proto__": {"status": "Success"}, "constructor": {}}')],
  ['a failure of its own', says({ status: 'SandboxError', message: '\u001b[2J' })],
  [
    'an endless answer',
    (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    },
  ],
  ['an answer that unpacks to far more', (_, response) => response.end(`[${'1,'.repeat(3_000_000)}1]`)],
  ['values that are nested without end', writes('['.repeat(500_000))],
  ['a redirect to another server', (_, response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()],
  ['a redirect to a file', (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end()],
  ['a page', (_, response) => response.writeHead(404).end('<html>'.repeat(1000))],
  ['an error', (_, response) => json(response, { detail: 'x' }, 500)],
  ['nothing, and hangs up', (_, response) => response.destroy()],
  [
    'half of what it says it will',
    (_, response) => response.writeHead(200, { 'content-length': '100' }).write('{', () => response.destroy()),
  ],
];

describe('a server that answers', () => {
  it.each(HOSTILE)('%s makes the sandbox unavailable, and no more', async (_, answer) => {
    const result = await runProgram(sandboxAt(await served(answer)), { code: '', language: 'python' });
    expect(result).toMatchObject({ status: 'unavailable', exit_code: null, stdout: '' });
    expect(result.stderr.length).toBeLessThan(500);
    expect(result.stderr).not.toContain('\u001b');
  });

  it('in more than thirty ways was tried', () => {
    expect(HOSTILE.length).toBeGreaterThanOrEqual(30);
  });

  it('more than may be printed is cut', async () => {
    const url = await served(says(finished({ stdout: 'ü'.repeat(100_000), stderr: 'x'.repeat(100_000) })));
    const { status, stdout, stderr } = await runProgram(sandboxAt(url), { code: '', language: 'python' });
    expect([status, stdout, stderr.length]).toEqual(['output', 'ü'.repeat(5000), 10_000]);
  });
});
