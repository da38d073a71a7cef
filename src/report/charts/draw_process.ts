// The process that draws: charts come from files of others too, and Vega's expressions may ask for more time and memory than there
// is. It is a process, since a thread that asks for too much takes all others with it. It is started once, and again behind a chart
// that it did not survive.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isNullOr, isString, jsonShape } from '../../util/json_shape.ts';
import type { Drawing } from './drawer.ts';

/** A chart of ten thousand points takes a second. */
const MOST_MS = 20_000;
const MOST_MEBIBYTES = 1024;
const SCRIPT = fileURLToPath(new URL('../../../bin/draw_chart.mjs', import.meta.url));

const drawingShape = jsonShape<Drawing>({ svg: isNullOr(isString), problem: isNullOr(isString) });

let drawer: ChildProcess | null = null;
/** One chart at a time: ends with the last that was asked for. */
let drawing: Promise<unknown> = Promise.resolve();

/** @throws an error that says in one line why the spec cannot be drawn */
export function svgOf(spec: object): Promise<string> {
  const svg = drawing.then(() => draw(spec));
  drawing = svg.catch(() => undefined);
  return svg;
}

async function draw(spec: object): Promise<string> {
  const process = drawer ?? started();
  drawer = process;
  hold(process, true);
  const { svg, problem } = await answerOf(process, spec).catch((error: unknown) => {
    drawer = null;
    process.kill('SIGKILL');
    throw error;
  });
  hold(process, false);
  if (svg === null) throw new Error(problem ?? 'it is empty');
  return svg;
}

async function answerOf(process: ChildProcess, message: object): Promise<Drawing> {
  const done = new AbortController();
  const late = AbortSignal.timeout(MOST_MS);
  const signal = AbortSignal.any([done.signal, late]);
  try {
    const ended = once(process, 'exit', { signal }).then(() => null);
    const answered = once(process, 'message', { signal }).then(([answer]): unknown => answer);
    void ended.catch(() => undefined);
    void answered.catch(() => undefined);
    process.send(message);
    const answer = await Promise.race([answered, ended]);
    if (drawingShape.is(answer)) return answer;
    throw new Error(`Vega came to an end with it: it may take more than ${MOST_MEBIBYTES} MiB of memory`);
  } catch (error) {
    if (late.aborted) throw new Error(`it takes more than ${MOST_MS / 1000} s`, { cause: error });
    throw error;
  } finally {
    done.abort();
  }
}

function started(): ChildProcess {
  const child = fork(SCRIPT, [], {
    execArgv: [`--max-old-space-size=${MOST_MEBIBYTES}`],
    // Numbers that JSON lacks are kept.
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

/** Only while it draws does it keep this process from its end. */
function hold(child: ChildProcess, isHeld: boolean): void {
  if (isHeld) {
    child.ref();
    child.channel?.ref();
  } else {
    child.unref();
    child.channel?.unref();
  }
}
