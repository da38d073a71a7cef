// A process whose main thread is held until a file is there: `node busy_process.mjs native|script FILE`. It says how it ends.

import { once } from 'node:events';
import { existsSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopOnSignals } from '../../../dist/run/signals.js';
import { inNativeCode } from '../../../dist/util/native_work.js';

const [kind, file] = process.argv.slice(2);
const stop = stopOnSignals();
await stop.watched;
const block = async () => {
  writeSync(1, 'busy\n');
  while (!existsSync(file));
};
await (kind === 'native' ? inNativeCode(block) : block());
if (!stop.signal.aborted) await Promise.race([once(stop.signal, 'abort'), sleep(5_000)]);
console.log(stop.signal.aborted ? 'stopped' : 'never asked');
stop.dispose();
