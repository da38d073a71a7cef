// The curves above the table of all runs: one metric of the first of them, which grow with what is logged.

import { element } from '../shared/elements.js';
import { countText } from '../shared/numbers.js';
import { ask, messageOf } from './ask.js';
import { Curves, lineSample } from './curves.js';
import { metricPlaces } from './order.js';
import { problemElement, sqlElement } from './parts.js';

/** @typedef {import('../../src/board/board_run.ts').BoardRun} BoardRun */
/** @typedef {import('../../src/board/run_view.ts').CurvesView} CurvesView */
/** @typedef {import('../../src/board/runs.ts').BoardUpdate} BoardUpdate */

/** Lines in a chart that can still be told apart. */
const MOST_LINES = 24;

/** Kept while a run is looked at; an empty metric is the one that most runs go by. */
const chosen = { metric: '', isLog: false };

export class OverviewChart {
  #metrics = element('select', { 'aria-label': 'Metric', onchange: () => this.#choose() });
  #log = element('input', { type: 'checkbox', checked: chosen.isLog, onchange: () => this.#scale() });
  #below = element('div');
  node = element(
    'figure',
    { class: 'chart wide' },
    element(
      'div',
      { class: 'head' },
      element('strong', {}, this.#metrics),
      element('label', { class: 'soft' }, this.#log, ' log scale'),
    ),
    this.#below,
  );
  #onDrawn;
  /** @type {Curves | null} */
  #curves = null;
  /** What was asked for last. @type {{ metric: string, runs: readonly string[] } | null} */
  #asked = null;
  /** By run, the place of its line. @type {Map<string, number>} */
  #lines = new Map();
  /** What was drawn last. @type {readonly [runs: readonly BoardRun[], all: number]} */
  #given = [[], 0];

  /** @param {() => void} onDrawn told when there are other lines */
  constructor(onDrawn) {
    this.#onDrawn = onDrawn;
  }

  /**
   * @param {readonly BoardRun[]} runs in the order of the table
   * @param {number} all runs that there are
   */
  async draw(runs, all) {
    this.#given = [runs, all];
    const metric = chosen.metric || (metricPlaces(runs).keys().next().value ?? '');
    // Runs that are judged by the metric go first: others may not have it.
    const judged = runs.filter((run) => run.metric === metric);
    const drawn = (judged.length > 0 ? judged : runs).slice(0, MOST_LINES).map(({ run }) => run);
    const asked = { metric, runs: drawn };
    this.#asked = asked;
    if (metric === '' || drawn.length === 0) {
      const why = all === 0 ? 'No runs yet: they show as soon as they start.' : 'No run of the table has started.';
      return this.#show(null, [element('p', { class: 'soft' }, why)]);
    }
    try {
      /** @type {CurvesView} */
      const view = await ask('/api/curves', { metric, run: drawn });
      if (this.#asked !== asked) return;
      this.#offer(
        [...new Set([metric, ...view.metrics])].filter((each) => each !== ''),
        metric,
      );
      this.#show(view, [...remarks(view, runs.length), sqlElement(view.sql)]);
    } catch (error) {
      if (this.#asked === asked) this.#show(null, [problemElement(`The curves cannot be drawn: ${messageOf(error)}`)]);
    }
  }

  /**
   * Whether the run is among those that are drawn, or would be if there were room.
   * @param {string} run
   */
  wants(run) {
    return this.#asked !== null && (this.#asked.runs.includes(run) || this.#asked.runs.length === MOST_LINES);
  }

  /** @param {BoardUpdate['points']} points */
  add(points) {
    for (const [run, metrics] of Object.entries(points)) {
      const point = Object.hasOwn(metrics, this.#metrics.value) ? metrics[this.#metrics.value] : undefined;
      if (point !== undefined) this.#curves?.add(run, ...point);
    }
  }

  /** @param {string} run */
  sampleOf(run) {
    const place = this.#lines.get(run);
    return place === undefined ? null : lineSample(place);
  }

  close() {
    this.#asked = null;
    this.#curves?.close();
    this.#curves = null;
  }

  #choose() {
    chosen.metric = this.#metrics.value;
    void this.draw(...this.#given);
  }

  #scale() {
    chosen.isLog = this.#log.checked;
    if (this.#curves !== null) this.#curves.isLog = chosen.isLog;
  }

  /**
   * @param {CurvesView | null} view
   * @param {readonly Node[]} below
   */
  #show(view, below) {
    this.#curves?.close();
    const lines = (view?.curves ?? []).map(({ run, series }) => ({
      label: run,
      steps: series?.steps ?? [],
      values: series?.values ?? [],
    }));
    this.#curves = view === null ? null : new Curves(view.metric, lines, { height: 300, isLog: chosen.isLog });
    this.#below.replaceChildren(...(this.#curves === null ? [] : [this.#curves.node]), ...below);
    this.#lines = new Map(lines.map(({ label }, place) => [label, place]));
    this.#onDrawn();
  }

  /**
   * @param {readonly string[]} metrics
   * @param {string} metric that is drawn
   */
  #offer(metrics, metric) {
    if (metrics.length !== this.#metrics.options.length || this.#metrics.value !== metric) {
      this.#metrics.replaceChildren(...metrics.map((each) => element('option', { value: each }, each)));
    }
    this.#metrics.value = metric;
  }
}

/**
 * What is left out, and what could not be read.
 * @param {CurvesView} view
 * @param {number} fitting
 */
function remarks({ curves }, fitting) {
  const problems = curves.flatMap(({ run, problem }) => (problem === null ? [] : [`${run}: ${problem}`]));
  const left =
    curves.length < fitting
      ? `${curves.length} of ${countText(fitting, 'run')} are drawn: the first of the table that go by this metric. Filter and sort it to choose others.`
      : '';
  const more = problems.length > 1 ? `, and so for ${problems.length - 1} more` : '';
  return [left, problems.length === 0 ? '' : `${problems[0]}${more}`]
    .filter((text) => text !== '')
    .map((text) => element('p', { class: 'soft' }, text));
}
