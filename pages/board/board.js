// The board: all runs as a table and as curves, kept up to date by a stream from the server.

import { Curves, lineSample, redrawCharts } from '/curves.js';
import {
  agoText,
  ask,
  atMostEvery,
  countText,
  element,
  inert,
  numberText,
  STATES,
  scrolling,
  sqlElement,
  stateElement,
} from '/elements.js';
import { RunPage } from '/run.js';

/** Lines in a chart that can still be told apart. */
const MOST_LINES = 24;
const ROWS_AT_FIRST = 150;

const main = document.getElementById('main');
const connection = document.getElementById('connection');

/** By run. */
const runs = new Map();
let board = { directories: [], change: '' };
let view = null;

// --- the theme ---------------------------------------------------------------------------------------------------------

const THEMES = ['system', 'light', 'dark'];
const themeButton = document.getElementById('theme');
let theme = localStorage.getItem('cookbook-theme');
function showTheme(chosen) {
  theme = THEMES.includes(chosen) ? chosen : 'system';
  if (theme === 'system') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', theme);
  themeButton.textContent = `Theme: ${theme === 'system' ? 'as the system' : theme}`;
  redrawCharts();
}
themeButton.addEventListener('click', () => {
  showTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]);
  localStorage.setItem('cookbook-theme', theme);
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawCharts);
showTheme(theme);

// --- all runs ----------------------------------------------------------------------------------------------------------

const order = { key: 'rank', ascending: true };
const filter = { text: '', state: '', shown: ROWS_AT_FIRST };
/** What the curves show, kept while a run is looked at; an empty metric is the one that most runs go by. */
const curves = { metric: '', isLog: false };

const RANKS = { running: 0, done: 1, stopped: 1 };
const rankOf = ({ state }) => RANKS[state] ?? 2;
const worth = ({ value, goal }) =>
  typeof value !== 'number' ? Number.POSITIVE_INFINITY : goal === 'maximize' ? -value : value;
/** The metrics that runs go by, those of most runs first, with their places. */
let metricPlaces = new Map();
const placeOf = ({ metric }) => metricPlaces.get(metric) ?? metricPlaces.size;
/** Values of different metrics are no better and no worse than each other. */
const byWorth = (a, b) => placeOf(a) - placeOf(b) || worth(a) - worth(b);
const byText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

const COMPARE = {
  rank: (a, b) => rankOf(a) - rankOf(b) || byWorth(a, b) || byText(a.run, b.run),
  run: (a, b) => byText(a.run, b.run),
  state: (a, b) => byText(a.state, b.state),
  step: (a, b) => (a.step ?? -1) - (b.step ?? -1),
  value: (a, b) => byWorth(a, b),
  updated: (a, b) => byText(b.updated_at ?? '', a.updated_at ?? ''),
  tags: (a, b) => byText(a.tags.join(' '), b.tags.join(' ')),
};

const searchText = ({ run, state, tags, note, axes, error }) =>
  [run, state, ...tags, note, error ?? '', ...Object.entries(axes).map(([axis, value]) => `${axis}=${value}`)]
    .join('\n')
    .toLowerCase();

class Overview {
  node = element('div');
  #states = element('ul', { class: 'states' });
  #body = element('tbody');
  #count = element('p', { class: 'soft', 'aria-live': 'polite' });
  #more = element(
    'button',
    {
      type: 'button',
      onclick: () => {
        filter.shown *= 4;
        this.#fill();
      },
    },
    'Show more',
  );
  #figure = element('figure', { class: 'chart wide' });
  #metrics = element('select', {
    'aria-label': 'Metric',
    onchange: (event) => {
      curves.metric = event.target.value;
      void this.#draw();
    },
  });
  #curves = null;
  #drawn = '';
  /** Names of the runs that are drawn, in the order of their lines. */
  #lines = [];
  #rows = new Map();
  #headings = [];
  #fillSoon = atMostEvery(2000, () => this.#fill());
  #drawSoon = atMostEvery(3000, () => this.#draw());
  /** Whoever has asked for other lines waits for them. */
  #drawNow = atMostEvery(400, () => this.#draw());

  constructor() {
    const states = element(
      'select',
      {
        'aria-label': 'State',
        onchange: (event) => {
          filter.state = event.target.value;
          this.#changed();
        },
      },
      element('option', { value: '' }, 'all states'),
      STATES.map((state) => element('option', { value: state }, state)),
    );
    states.value = filter.state;
    const search = element('input', {
      type: 'search',
      placeholder: 'Filter: name, axis=value, tag',
      'aria-label': 'Filter runs',
      value: filter.text,
      oninput: (event) => {
        filter.text = event.target.value;
        this.#changed();
      },
    });
    const log = element('input', {
      type: 'checkbox',
      checked: curves.isLog,
      onchange: (event) => {
        curves.isLog = event.target.checked;
        if (this.#curves) this.#curves.log = event.target.checked;
      },
    });
    this.#figure.append(
      element(
        'div',
        { class: 'head' },
        element('strong', {}, this.#metrics),
        element('label', { class: 'soft' }, log, ' log scale'),
      ),
    );
    const head = element(
      'tr',
      {},
      [
        ['run', 'run'],
        ['state', 'state'],
        ['step', 'step'],
        ['value', 'last value'],
        ['updated', 'updated'],
        ['tags', 'tags'],
      ].map(([key, text]) => this.#heading(key, text)),
    );
    this.node.append(
      element('h1', {}, board.directories.join(', ')),
      this.#states,
      element('section', { 'aria-label': 'Curves', class: 'charts' }, this.#figure),
      element('h2', { id: 'runs' }, 'Runs'),
      element('div', { class: 'controls' }, search, states),
      this.#count,
      scrolling('Runs', element('table', { class: 'runs' }, element('thead', {}, head), this.#body)),
      this.#more,
    );
    this.#fill();
    void this.#draw();
  }

  update({ runs: changed, gone, points, anew }) {
    this.#countStates();
    for (const run of changed) {
      const row = this.#rows.get(run.run);
      if (row === undefined) continue;
      // The order goes by states first.
      if (row.dataset.state !== run.state) this.#fillSoon();
      fillRow(row, run);
      this.#sampleOf(row, run.run);
    }
    if (gone.length > 0 || changed.some(({ run }) => !this.#rows.has(run))) this.#fillSoon();
    if (changed.some(({ state, run }) => state === 'running' && !this.#drawn.includes(JSON.stringify(run))))
      this.#drawSoon();
    if (anew.length > 0) this.#drawSoon();
    for (const [run, metrics] of Object.entries(points)) {
      const point = metrics[this.#metrics.value];
      if (point !== undefined) this.#curves?.add(run, ...point);
    }
  }

  close() {
    this.#curves?.close();
    this.#curves = null;
  }

  #heading(key, text) {
    const button = element(
      'button',
      {
        type: 'button',
        class: 'sort',
        onclick: () => {
          order.ascending = order.key === key ? !order.ascending : true;
          order.key = key;
          this.#changed();
        },
      },
      text,
    );
    const cell = element('th', { scope: 'col' }, button);
    this.#headings.push([key, cell]);
    return cell;
  }

  #changed() {
    filter.shown = ROWS_AT_FIRST;
    this.#fill();
    this.#drawNow();
  }

  #chosen() {
    const wanted = filter.text
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    const sign = order.ascending ? 1 : -1;
    metricPlaces = placesOf([...runs.values()].flatMap(({ metric }) => metric ?? []));
    return [...runs.values()]
      .filter((run) => filter.state === '' || run.state === filter.state)
      .filter((run) => wanted.length === 0 || wanted.every((word) => searchText(run).includes(word)))
      .sort((a, b) => sign * COMPARE[order.key](a, b));
  }

  #fill() {
    this.#countStates();
    const chosen = this.#chosen();
    const shown = chosen.slice(0, filter.shown);
    const before = this.#rows;
    this.#rows = new Map(shown.map((run) => [run.run, fillRow(before.get(run.run) ?? newRow(), run)]));
    this.#body.replaceChildren(...this.#rows.values());
    this.#sample();
    for (const [key, cell] of this.#headings) {
      if (key === order.key) cell.setAttribute('aria-sort', order.ascending ? 'ascending' : 'descending');
      else cell.removeAttribute('aria-sort');
    }
    this.#more.hidden = shown.length === chosen.length;
    this.#count.textContent =
      chosen.length === runs.size && shown.length === chosen.length
        ? ''
        : chosen.length === 0
          ? `None of ${countText(runs.size, 'run')} fits`
          : `${shown.length} of ${countText(chosen.length, 'run')}${chosen.length === runs.size ? '' : ` that fit, of ${runs.size}`}`;
  }

  #countStates() {
    const counts = new Map();
    for (const { state } of runs.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
    this.#states.replaceChildren(
      ...STATES.filter((state) => counts.has(state)).map((state) => stateElement(state, counts.get(state))),
    );
  }

  async #draw() {
    const chosen = this.#chosen().filter(({ state }) => state !== 'pending');
    const metric =
      curves.metric ||
      placesOf(chosen.flatMap((run) => run.metric ?? []))
        .keys()
        .next().value;
    const drawn = this.#drawable(chosen, metric);
    if (metric === undefined || drawn.length === 0) return this.#drawNone();
    const names = JSON.stringify([metric, drawn]);
    this.#drawn = names;
    const answer = await ask('/api/curves', { metric, run: drawn }).catch(() => null);
    if (answer === null || this.#drawn !== names) return;
    this.#offer([...new Set([metric, ...answer.metrics])], metric);
    const lines = answer.curves.flatMap(({ run, series }) =>
      series === null
        ? [{ label: run, steps: [], values: [] }]
        : { label: run, steps: series.steps, values: series.values },
    );
    this.#curves?.close();
    this.#curves = new Curves(metric, lines, { height: 300, log: curves.isLog });
    const left = chosen.length - drawn.length;
    const remark =
      left <= 0
        ? []
        : [
            element(
              'p',
              { class: 'soft' },
              `${drawn.length} of ${countText(chosen.length, 'run')} are drawn: the first of the table that go by this metric. Filter and sort it to choose others.`,
            ),
          ];
    this.#figure.replaceChildren(this.#figure.firstChild, this.#curves.node, ...remark, sqlElement(answer.sql));
    this.#lines = lines.map(({ label }) => label);
    this.#sample();
  }

  #drawNone() {
    this.#drawn = '';
    this.#curves?.close();
    this.#curves = null;
    this.#lines = [];
    this.#sample();
    const remark =
      runs.size === 0 ? 'No runs yet: they show as soon as they start.' : 'No run of the table has started.';
    this.#figure.replaceChildren(this.#figure.firstChild, element('p', { class: 'soft' }, remark));
  }

  /** The table is the legend of the chart. */
  #sample() {
    for (const [run, row] of this.#rows) this.#sampleOf(row, run);
  }

  #sampleOf(row, run) {
    const [cell] = row.children;
    cell.querySelector('.line-sample')?.remove();
    const index = this.#lines.indexOf(run);
    if (index >= 0) cell.prepend(lineSample(index));
  }

  /** Runs that are judged by the metric go first: others may not have it. */
  #drawable(chosen, metric) {
    const judged = chosen.filter((run) => run.metric === metric);
    return (judged.length > 0 ? judged : chosen).slice(0, MOST_LINES).map(({ run }) => run);
  }

  #offer(metrics, chosen) {
    if (metrics.length === this.#metrics.options.length && this.#metrics.value === chosen) return;
    this.#metrics.replaceChildren(
      ...metrics.filter(Boolean).map((metric) => element('option', { value: metric }, metric)),
    );
    this.#metrics.value = chosen;
  }
}

function placesOf(metrics) {
  const counts = new Map();
  for (const metric of metrics) counts.set(metric, (counts.get(metric) ?? 0) + 1);
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || byText(a, b));
  return new Map(sorted.map(([metric], place) => [metric, place]));
}

function newRow() {
  return element(
    'tr',
    {},
    element('td'),
    element('td'),
    element('td', { class: 'number' }),
    element('td', { class: 'number' }),
    element('td', { class: 'soft' }),
    element('td'),
  );
}

function fillRow(row, run) {
  const text = JSON.stringify(run);
  if (row.dataset.run === text) return row;
  row.dataset.run = text;
  row.dataset.state = run.state;
  const [name, state, step, value, updated, tags] = row.children;
  name.replaceChildren(element('a', { href: `#run=${encodeURIComponent(run.run)}` }, run.run));
  state.replaceChildren(
    stateElement(run.state),
    ...(run.error === null ? [] : [element('div', { class: 'error soft' }, run.error)]),
  );
  step.textContent = run.step === null ? '' : run.total_steps === null ? run.step : `${run.step} / ${run.total_steps}`;
  value.replaceChildren(
    inert(numberText(run.value)),
    ...(run.metric === null || run.value === null ? [] : [element('div', { class: 'soft' }, run.metric)]),
  );
  updated.replaceChildren(
    ...(run.updated_at === null ? [] : [element('time', { datetime: run.updated_at }, agoText(run.updated_at))]),
  );
  tags.replaceChildren(
    ...run.tags.map((tag) => element('span', { class: 'tag' }, tag)),
    ...(run.note === ''
      ? []
      : [
          element(
            'span',
            { class: 'soft', title: inert(run.note) },
            ' ✎ ',
            element('span', { class: 'unseen' }, 'has a note'),
          ),
        ]),
  );
  return row;
}

setInterval(() => {
  if (document.hidden) return;
  for (const time of document.querySelectorAll('time')) time.textContent = agoText(time.dateTime);
}, 10_000);

// --- from here to there ------------------------------------------------------------------------------------------------

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
  view = run === undefined ? new Overview() : new RunPage(run, { runs, change: board.change });
  document.title = inert(`${run === undefined ? board.directories.join(', ') : run.run} · cookbook board`);
  const isMissing = named !== null && run === undefined;
  main.replaceChildren(
    ...(isMissing ? [element('p', { class: 'notices' }, `There is no run ${named} here.`)] : []),
    view.node,
  );
  scrollTo(0, 0);
}
addEventListener('hashchange', show);

async function read() {
  board = await ask('/api/board');
  runs.clear();
  for (const run of board.runs) runs.set(run.run, run);
}

function follow() {
  const events = new EventSource('/api/events');
  let wasLost = false;
  events.addEventListener('open', async () => {
    connection.textContent = 'Live';
    connection.className = 'live';
    // What was missed meanwhile.
    if (wasLost) await read().then(show, () => undefined);
    wasLost = false;
  });
  events.addEventListener('error', () => {
    wasLost = true;
    connection.textContent = 'The board does not answer; what is shown may be old.';
    connection.className = 'lost';
  });
  events.addEventListener('message', ({ data }) => {
    const update = JSON.parse(data);
    for (const run of update.runs) runs.set(run.run, run);
    for (const run of update.gone) runs.delete(run);
    view?.update(update);
  });
}

try {
  await read();
  show();
  follow();
} catch (error) {
  connection.textContent = `The board does not answer: ${error.message}`;
  connection.className = 'lost';
}
