// Ways out of QuickJS, and ways to take more than a program may have: each is held.

import { afterAll, describe, expect, it } from 'vitest';
import { quickJsSandbox } from '../../src/sandbox/quickjs/sandbox.ts';
import type { SandboxResult } from '../../src/sandbox/types.ts';
import { runProgram } from './support.ts';

const sandbox = quickJsSandbox(2);
afterAll(() => sandbox.close());

const run = (code: string) =>
  runProgram(sandbox, { code, language: 'javascript', limits: { seconds: 0.2, memory_mb: 16, output_bytes: 1000 } });

/** What the expression gives, or the name of the error that it ends with. */
const value = (expression: string) =>
  `try { console.log(String(${expression})) } catch (error) { console.log(error.name + ': ' + error.message) }`;

type Escape = [title: string, code: string, held: Partial<SandboxResult>];

const prints = (stdout: string): Partial<SandboxResult> => ({ status: 'ok', stdout: `${stdout}\n` });

const FILES: Escape[] = [
  [
    'reads a file by its path',
    value("require('fs').readFileSync('/etc/passwd')"),
    prints('Error: ENOENT: no such file, open "/etc/passwd"'),
  ],
  [
    'reads a file by a path that leads up',
    value("require('fs').readFileSync('../../../etc/passwd')"),
    prints('Error: ENOENT: no such file, open "../../../etc/passwd"'),
  ],
  [
    'reads a member of the object that files are kept in',
    value("require('fs').readFileSync('__proto__')"),
    prints('Error: ENOENT: no such file, open "__proto__"'),
  ],
  ['writes a file', value("require('fs').writeFileSync('/tmp/x', 'x')"), prints('TypeError: not a function')],
  ['imports a module of Node', "import('fs').then((fs) => console.log('in'), () => console.log('out'))", prints('out')],
  [
    'imports a file of the machine',
    "import('/etc/passwd').then(() => console.log('in'), () => console.log('out'))",
    prints('out'),
  ],
  [
    'takes the modules of QuickJS',
    value('typeof std + typeof os + typeof bjson'),
    prints('undefinedundefinedundefined'),
  ],
  ['asks Node for its bindings', value('[process.binding, process.mainModule, process.dlopen]'), prints(',,')],
];

const HOST: Escape[] = [
  [
    'reads the environment',
    value("JSON.stringify(process.env) + Function('return process')().argv.length"),
    prints('{}0'),
  ],
  [
    'climbs from a host function to its constructor',
    value("console.log.constructor.constructor('return typeof process.pid')()"),
    prints('undefined'),
  ],
  [
    'climbs from an error of the host',
    `try { require('fs').readFileSync('x') } catch (e) { console.log(e.constructor.constructor('return typeof process.kill')()) }`,
    prints('undefined'),
  ],
  [
    'opens a connection',
    value('typeof fetch + typeof WebSocket + typeof XMLHttpRequest'),
    prints('undefinedundefinedundefined'),
  ],
  ['requires the network', value("require('net')"), prints('Error: Cannot find module "net": there is only \'fs\'')],
  [
    'starts a process',
    value("require('child_process')"),
    prints('Error: Cannot find module "child_process": there is only \'fs\''),
  ],
  ['starts a thread', value('typeof Worker + typeof Atomics'), prints('undefinedundefined')],
  ['ends the process that it runs in', value('[process.exit, process.kill, process.abort]'), prints(',,')],
  ['compiles WebAssembly of its own', value('typeof WebAssembly'), prints('undefined')],
  [
    'measures time',
    value('typeof Date + typeof performance + typeof setTimeout'),
    prints('undefinedundefinedundefined'),
  ],
];

const MEMORY: Escape[] = [
  ['fills a list', 'const a = []; for (;;) a.push({})', { status: 'memory' }],
  ['fills a buffer', 'const a = []; for (;;) a.push(new Uint8Array(2 ** 24))', { status: 'memory' }],
  ['makes a text of gigabytes', "'x'.repeat(2 ** 29)", { status: 'memory' }],
  ['doubles a text', "let s = 'x'; for (;;) s += s", { status: 'error' }],
  ['calls itself without end', 'const f = () => f(); f()', { status: 'error' }],
  ['nests values without end', "JSON.parse('['.repeat(1e6))", { status: 'error' }],
];

const TIME: Escape[] = [
  ['loops', 'for (;;);', { status: 'timeout' }],
  ['catches what ends it', 'for (;;) { try { for (;;); } catch {} finally { for (;;); } }', { status: 'timeout' }],
  ['searches without end', "/(a+)+$/.test('a'.repeat(60) + 'b')", { status: 'timeout' }],
  ['promises without end', '(async () => { for (;;) await null })()', { status: 'timeout' }],
  ['loops in native code', 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)', { status: 'timeout' }],
  ['loops while it is printed', 'console.log({ toJSON() { for (;;); } })', { status: 'timeout' }],
  [
    'loops where its error is read',
    'throw { get message() { for (;;); }, get name() { for (;;); } }',
    { status: 'timeout' },
  ],
];

const OUTPUT: Escape[] = [
  ['floods standard output', "for (;;) console.log('flood')", { status: 'output' }],
  ['floods standard error', "try { for (;;) console.error('flood') } catch {}", { status: 'output' }],
  ['prints one endless line', "process.stdout.write('x'.repeat(1e7))", { status: 'output' }],
];

const PROTOTYPES: Escape[] = [
  ['throws what cannot be shown', 'throw new Proxy({}, { get() { throw 1 } })', { status: 'error' }],
  [
    'throws an error with a hostile stack',
    "const e = new Error('x'); Object.defineProperty(e, 'stack', { get() { throw e } }); throw e",
    { status: 'error' },
  ],
  [
    'breaks what the prelude stands on',
    'Array.prototype.map = Array.prototype.join = String = null; console.log(1)',
    { status: 'error' },
  ],
  ['prints a text that is none', 'console.log({ toString: null, toJSON() { throw 1 } })', prints('[object Object]')],
];

const table = { FILES, HOST, MEMORY, TIME, OUTPUT, PROTOTYPES };

describe.each(Object.entries(table))('%s', (_, escapes) => {
  it.each(escapes)('%s', async (_, code, held) => {
    const result = await run(code);
    expect(result).toMatchObject(held);
    expect(Buffer.byteLength(result.stdout)).toBeLessThanOrEqual(1000);
    expect(Buffer.byteLength(result.stderr)).toBeLessThanOrEqual(1000);
  });
});

it('nothing of one program is there in the next', async () => {
  await run(
    'Object.prototype.x = 1; globalThis.y = 2; JSON.parse = () => 3; Array.prototype.push = null; console.log = null',
  );
  const { stdout } = await run('console.log({}.x, typeof y, JSON.parse("4"), typeof [].push)');
  expect(stdout).toBe('undefined undefined 4 function\n');
});

it('more than thirty were tried', () => {
  expect(Object.values(table).flat().length).toBeGreaterThanOrEqual(30);
});
