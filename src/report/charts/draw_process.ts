// The process that draws: charts come from files of others too, and Vega's expressions may ask for more time and memory than there
// is. It is a process, since a thread that asks for too much takes all others with it. It is started once, and again behind a chart
// that it did not survive.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endsWithThisProcess, holdProcess, nextMessage } from '../../util/child_process.ts';
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
  // Only while it draws does it keep this process from its end.
  holdProcess(process, true);
  const { svg, problem } = await answerOf(process, spec).catch((error: unknown) => {
    drawer = null;
    process.kill('SIGKILL');
    throw error;
  });
  holdProcess(process, false);
  if (svg === null) throw new Error(problem ?? 'it is empty');
  return svg;
}

async function answerOf(process: ChildProcess, message: object): Promise<Drawing> {
  const answering = nextMessage(process, MOST_MS);
  process.send(message);
  const answer = await answering;
  if (typeof answer === 'object' && drawingShape.is(answer.message)) return answer.message;
  if (answer === 'late') throw new Error(`it takes more than ${MOST_MS / 1000} s`);
  throw new Error(`Vega came to an end with it: it may take more than ${MOST_MEBIBYTES} MiB of memory`);
}

function started(): ChildProcess {
  const child = fork(SCRIPT, [], {
    execArgv: [`--max-old-space-size=${MOST_MEBIBYTES}`],
    // Numbers that JSON lacks are kept.
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  endsWithThisProcess(child);
  return child;
}
