// A process that runs JavaScript programs in QuickJS, one after the other, each in an instance of WebAssembly of its own. Started by
// src/sandbox/quickjs/, which ends it where a program goes on past all of the limits in here.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import engine from '@jitl/quickjs-ng-wasmfile-release-sync';
import { DefaultIntrinsics, newQuickJSWASMModuleFromVariant, newVariant } from 'quickjs-emscripten-core';

// Without a clock and without chance, a program prints the same on every machine.
const INTRINSICS = { ...DefaultIntrinsics, Date: false };
const STACK_BYTES = 512 * 1024;
/** QuickJS asks whether to go on every 10,000 jumps and calls: a second is ten million turns of a loop, wherever it runs. */
const QUESTIONS_A_SECOND = 2000;
const OUT_OF_MEMORY = /^InternalError: out of memory/;
const TOO_DEEP = 'RangeError: Maximum call stack size exceeded\n';

/** What a program finds beside the language; `write`, `fileText` and `stdin` are the host's. */
const PRELUDE = `((write, fileText, stdin) => {
  const { stringify } = JSON;
  const shown = (value) => {
    if (typeof value !== 'object' || value === null || value instanceof Error) return String(value);
    try { return stringify(value) ?? String(value); } catch { return '[object Object]'; }
  };
  const printer = (stream) => (...values) => write(stream, values.map(shown).join(' ') + '\\n');
  const log = printer(1), error = printer(2);
  globalThis.console = { log, info: log, debug: log, warn: error, error };
  globalThis.print = log;
  globalThis.process = { argv: [], env: {}, stdout: { write: (text) => write(1, String(text)) } };
  const fs = {
    readFileSync(path) {
      if (path === 0 || path === '/dev/stdin') return stdin;
      const text = fileText(String(path));
      if (text === undefined) throw new Error('ENOENT: no such file, open ' + stringify(String(path)));
      return text;
    },
  };
  globalThis.require = (name) => {
    if (name === 'fs' || name === 'node:fs') return fs;
    throw new Error('Cannot find module ' + stringify(String(name)) + ": there is only 'fs'");
  };
  let seed = 1;
  Math.random = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
})`;

const wasm = fileURLToPath(import.meta.resolve('@jitl/quickjs-ng-wasmfile-release-sync/wasm'));
const wasmModule = await WebAssembly.compile(await readFile(wasm));

/** Text up to so many bytes. */
class Output {
  #left;
  text = '';
  isFull = false;

  constructor(most) {
    this.#left = most;
  }

  add(text) {
    const bytes = Buffer.from(text, 'utf8');
    this.isFull ||= bytes.length > this.#left;
    this.text += bytes.subarray(0, this.#left).toString('utf8');
    this.#left = Math.max(0, this.#left - bytes.length);
  }
}

async function resultOf({ files, entry, stdin, limits }) {
  const stdout = new Output(limits.output_bytes);
  const stderr = new Output(limits.output_bytes);
  let questionsLeft = limits.seconds * QUESTIONS_A_SECOND;
  const over = () => (stdout.isFull || stderr.isFull ? 'output' : questionsLeft <= 0 ? 'timeout' : null);

  const { vm, runtime } = await newMachine(limits, () => {
    questionsLeft -= 1;
    return over() !== null;
  });
  const write = vm.newFunction('write', (stream, text) => {
    const output = vm.getNumber(stream) === 1 ? stdout : stderr;
    if (!output.isFull) output.add(vm.getString(text));
  });
  const fileText = vm.newFunction('fileText', (path) => {
    const name = vm.getString(path);
    return Object.hasOwn(files, name) ? vm.newString(files[name]) : vm.undefined;
  });

  const failure = (error) => {
    const dumped = vm.dump(error);
    const isError = typeof dumped === 'object' && dumped !== null && typeof dumped.message === 'string';
    const text = isError ? `${dumped.name}: ${dumped.message}\n${dumped.stack ?? ''}` : `Uncaught ${String(dumped)}\n`;
    return OUT_OF_MEMORY.test(text) ? { status: 'memory', text } : { status: 'error', text };
  };
  const run = () => {
    const prelude = vm.unwrapResult(vm.evalCode(PRELUDE, 'prelude.js'));
    vm.unwrapResult(vm.callFunction(prelude, vm.undefined, write, fileText, vm.newString(stdin)));
    const { error } = vm.evalCode(files[entry], entry, { type: 'global' });
    if (error !== undefined) return failure(error);
    const jobs = runtime.executePendingJobs();
    return jobs.error === undefined ? { status: 'ok', text: '' } : failure(jobs.error);
  };

  const { status, text } = attempt(run);
  const ended = over();
  if (ended === null) stderr.add(text);
  const how = ended ?? status;
  const exit_code = how === 'ok' ? 0 : how === 'error' ? 1 : null;
  return { status: how, exit_code, stdout: stdout.text, stderr: stderr.text };
}

/** Never given back: it is left to the garbage collection whole, whatever state the program has brought it to. */
async function newMachine({ memory_mb }, shouldStop) {
  const instance = await newQuickJSWASMModuleFromVariant(newVariant(engine, { wasmModule }));
  const runtime = instance.newRuntime();
  runtime.setMemoryLimit(memory_mb * 2 ** 20);
  runtime.setMaxStackSize(STACK_BYTES);
  runtime.setInterruptHandler(shouldStop);
  return { vm: runtime.newContext({ intrinsics: INTRINSICS }), runtime };
}

/** An engine that breaks down has broken down on the program. */
function attempt(run) {
  try {
    return run();
  } catch (error) {
    if (error instanceof RangeError) return { status: 'error', text: TOO_DEEP };
    const text = `QuickJS came to an end with it: ${error instanceof Error ? error.message : String(error)}\n`;
    return { status: /out of memory|OOM/.test(text) ? 'memory' : 'error', text };
  }
}

process.on('message', async (run) => process.send(await resultOf(run)));
// The process that it runs programs for has ended: told by it, or found out while a program loops.
process.on('disconnect', () => process.exit());
new Worker(new URL('./end_with_parent.mjs', import.meta.url), { workerData: process.ppid }).unref();
process.send('ready');
