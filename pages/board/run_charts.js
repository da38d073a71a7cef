// The curves of one run, alone or with those of another run in the same charts.

import { element } from '../shared/elements.js';
import { countText } from '../shared/numbers.js';
import { Curves } from './curves.js';
import { OTHER_DASH } from './diff.js';
import { sqlElement } from './parts.js';

/** @typedef {import('../../src/board/run_view.ts').RunView} RunView */
/** @typedef {RunView['metrics'][number]} Metric */

const CHARTS_AT_FIRST = 6;

export class RunCharts {
  node = element('section', { class: 'charts', 'aria-label': 'Metrics' });
  /** By metric. @type {Map<string, Curves>} */
  #curves = new Map();
  /** @type {RunView | null} */
  #run = null;
  /** @type {RunView | null} */
  #other = null;
  #isAll = false;

  /**
   * @param {RunView} run
   * @param {RunView | null} other
   */
  draw(run, other) {
    this.#run = run;
    this.#other = other;
    this.close();
    const telling = run.metrics.filter(({ isDetail }) => !isDetail);
    const first = (telling.length === 0 ? run.metrics : telling).slice(0, CHARTS_AT_FIRST);
    const shown = this.#isAll ? run.metrics : first;
    const left = run.metrics.length - shown.length;
    this.node.replaceChildren(
      ...shown.map((metric) => this.#figure(run, metric)),
      ...(run.metrics.length === 0 ? [element('p', { class: 'soft' }, 'No metrics yet.')] : []),
      ...(left === 0 ? [] : [this.#moreButton(left)]),
    );
  }

  /**
   * @param {string} run
   * @param {Readonly<Record<string, readonly [step: number, value: number | string]>>} points by metric
   * @returns whether a metric is logged for the first time, which takes a chart
   */
  add(run, points) {
    let isNew = false;
    for (const [metric, point] of Object.entries(points)) {
      this.#curves.get(metric)?.add(run, ...point);
      isNew ||= run === this.#run?.run && isNewIn(this.#run, metric);
    }
    return isNew;
  }

  close() {
    for (const curves of this.#curves.values()) curves.close();
    this.#curves.clear();
  }

  /** @param {number} left */
  #moreButton(left) {
    const onclick = () => {
      this.#isAll = true;
      if (this.#run !== null) this.draw(this.#run, this.#other);
    };
    return element('button', { type: 'button', onclick }, `Show ${countText(left, 'more metric')}`);
  }

  /**
   * @param {RunView} run
   * @param {Metric} metric
   */
  #figure({ run }, { metric, steps, values, logged, sql }) {
    const other = this.#other;
    const same = other?.metrics.find((each) => each.metric === metric);
    const lines = [{ label: run, steps: [...steps], values: [...values] }];
    const compared =
      other === null || same === undefined
        ? []
        : [{ label: other.run, steps: [...same.steps], values: [...same.values], dash: OTHER_DASH }];
    const curves = new Curves(metric, [...lines, ...compared], { height: 180 });
    this.#curves.set(metric, curves);
    const sampled = `${steps.length} of ${countText(logged, 'point')}: every least and greatest value is drawn`;
    return element(
      'figure',
      { class: 'chart' },
      element('div', { class: 'head' }, element('strong', {}, metric)),
      curves.node,
      logged > steps.length ? element('p', { class: 'soft' }, sampled) : null,
      sqlElement(sql),
    );
  }
}

/**
 * Where a run has more metrics than are shown, those that are left out are not new for ever.
 * @param {RunView} run
 * @param {string} metric
 */
function isNewIn({ metrics, admits }, metric) {
  return admits === null ? !metrics.some((each) => each.metric === metric) : admits.includes(metric);
}
