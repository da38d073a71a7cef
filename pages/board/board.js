// The board: all runs or one of them, by the address, kept up to date by a stream from the server.

import { byId, element, inert } from '../shared/elements.js';
import { agoText } from '../shared/numbers.js';
import { followTheme } from '../shared/theme.js';
import { ask, messageOf } from './ask.js';
import { redrawCharts } from './curves.js';
import { Overview } from './overview.js';
import { RunPage } from './run_page.js';

/** @typedef {import('../../src/board/board_run.ts').BoardRun} BoardRun */
/** @typedef {import('../../src/board/runs.ts').BoardUpdate} BoardUpdate */

const main = byId('main');
const connection = byId('connection');

/** By run. @type {Map<string, BoardRun>} */
const runs = new Map();
/** @type {readonly string[]} */
let directories = [];
let change = '';
/** @type {Overview | RunPage | null} */
let view = null;

/** Addresses are typed, too, and sent around: they may name what is gone, or be cut short. */
function runInAddress() {
  const named = /^#run=(.*)$/.exec(location.hash)?.[1];
  if (named === undefined) return null;
  try {
    return decodeURIComponent(named);
  } catch {
    return named;
  }
}

function show() {
  // The way past the bar, for who uses a keyboard.
  if (location.hash === '#main') return main.focus();
  view?.close();
  const named = runInAddress();
  const run = named === null ? undefined : runs.get(named);
  view = run === undefined ? new Overview(runs, directories) : new RunPage(run, runs, () => change);
  document.title = inert(`${run === undefined ? directories.join(', ') : run.run} · cookbook board`);
  const isMissing = named !== null && run === undefined;
  main.replaceChildren(
    ...(isMissing ? [element('p', { class: 'notices' }, `There is no run ${named} here.`)] : []),
    view.node,
  );
  scrollTo(0, 0);
}

async function read() {
  /** @type {{ directories: string[], change: string, runs: BoardRun[] }} */
  const board = await ask('/api/board');
  directories = board.directories;
  change = board.change;
  runs.clear();
  for (const run of board.runs) runs.set(run.run, run);
}

function follow() {
  const events = new EventSource('/api/events');
  let wasLost = false;
  events.addEventListener('open', async () => {
    connection.textContent = 'Live';
    connection.className = 'live';
    // What was missed meanwhile; what somebody has typed stays.
    if (wasLost) {
      await read().then(
        () => view?.refresh(),
        () => undefined,
      );
    }
    wasLost = false;
  });
  events.addEventListener('error', () => {
    wasLost = true;
    connection.textContent = 'The board does not answer; what is shown may be old.';
    connection.className = 'lost';
  });
  events.addEventListener('message', ({ data }) => {
    /** @type {BoardUpdate} */
    const update = JSON.parse(data);
    for (const run of update.runs) runs.set(run.run, run);
    for (const run of update.gone) runs.delete(run);
    view?.update(update);
  });
}

followTheme(byId('theme'), redrawCharts);
addEventListener('hashchange', show);
setInterval(() => {
  if (document.hidden) return;
  for (const time of document.querySelectorAll('time')) time.textContent = agoText(time.dateTime);
}, 10_000);
try {
  await read();
  show();
  follow();
} catch (error) {
  connection.textContent = `The board does not answer: ${messageOf(error)}`;
  connection.className = 'lost';
}
