// A thread beside the main one that sees the signals of the process too, and ends the process when the main thread, held by
// endless work, never answers one. Started by src/run/signals.ts, which says why.

const { writeSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
// Node hands signals to its main thread alone. Under `--expose-internals`, which is set for this thread and for no other, the
// binding below `process.on('SIGTERM')` serves any thread.
const { Signal } = require('internal/test/binding').internalBinding('signal_wrap');

const { signals, listening, answers, nativeWork, sameMs, parent } = workerData;
const handles = [];
const LOOK_MS = 100;
/** How long the main thread may leave a signal unanswered. */
const LIMIT_MS = 2_000;
/** Native code comes to its end by itself, as does the saving of a checkpoint after the answer. */
const LONG_LIMIT_MS = 30_000;

/** When the main thread was last known to be free. */
let free = 0;
let seen = 0;
let announced = false;
/** The signal that was heard last, and when. */
let heard = null;

const answered = () => Atomics.load(answers, 0);

function onSignal(signal) {
  // The main thread listens no longer. The system acts on a signal for which there is no handle.
  if (Atomics.load(listening, 0) === 0) {
    for (const handle of handles) handle.close();
    process.kill(process.pid, signal);
    return;
  }
  const now = Date.now();
  const isSame = heard !== null && heard.signal === signal && now - heard.at < sameMs;
  // Whoever asks again while nothing has happened wants it to end now.
  if (!isSame && answered() < seen) die();
  if (!isSame) heard = { signal, at: now };
  seen += 1;
  if (seen === 1) setInterval(look, LOOK_MS);
  free = Date.now();
  look();
}

function look() {
  parentPort.postMessage(null);
  const silence = Date.now() - free;
  if (silence <= LIMIT_MS) return;
  const heard = answered() >= seen;
  const inNativeWork = Atomics.load(nativeWork, 0) > 0;
  if (silence > LONG_LIMIT_MS || !(heard || inNativeWork)) die();
  if (!heard && !announced) {
    announced = true;
    writeSync(2, 'stopping as soon as the step that is under way lets it; a second signal ends the process at once\n');
  }
}

function die() {
  try {
    writeSync(2, 'killed: it was too busy to answer the signal; a run goes on from its last checkpoint\n');
  } catch {
    // Nobody reads it.
  }
  process.kill(process.pid, 'SIGKILL');
}

parentPort.on('message', () => {
  free = Date.now();
});

for (const signal of signals) {
  const handle = new Signal();
  handle.onsignal = onSignal;
  handle.start(signal);
  handles.push(handle);
}

// A process that was started with a channel stops when its parent is gone; the channel closes unseen while it is busy.
if (parent !== null) {
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onSignal('SIGTERM');
  }, LOOK_MS * 10);
}

// The first word: from now on, a main thread that does not answer is noticed.
parentPort.postMessage(null);
