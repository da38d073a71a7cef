// Curves that grow: a chart of one metric over steps, a line a run, drawn by uPlot.

import { element, svgElement } from '../shared/elements.js';
import { countText, numberText } from '../shared/numbers.js';
import { atMostEvery } from './soon.js';
import uPlot from './uplot.js';

/** @typedef {(number | null)[]} Values */
/** @typedef {{ label: string, steps: number[], values: Values, dash?: number[] }} Line */

const COLORS = 6;
const DASHES = [[], [6, 3], [2, 2], [9, 3, 2, 3]];
/** Steps are whole numbers, and so are the marks of their axis. */
const STEPS_APART = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
/** A chart is drawn anew no more often, however fast its runs log. */
const DRAW_MS = 1000;

/** @type {Set<() => void>} */
const redraws = new Set();

/** Canvases know nothing of style sheets. */
export function redrawCharts() {
  for (const redraw of redraws) redraw();
}

const probe = document.createElement('span');

/**
 * A color of the style sheet as a canvas understands it.
 * @param {string} variable
 */
function colorOf(variable) {
  probe.style.color = `var(${variable})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** @param {number} place */
const colorNumber = (place) => (place % COLORS) + 1;
/** @param {number} place */
const dashOf = (place) => DASHES[Math.floor(place / COLORS) % DASHES.length] ?? [];

/**
 * What the line at this place of a chart looks like, for a legend.
 * @param {number} place
 */
export function lineSample(place, dash = dashOf(place)) {
  const line = svgElement('line', { x1: 0, x2: 22, y1: 5, y2: 5, class: `chart-${colorNumber(place)}` });
  if (dash.length > 0) line.setAttribute('stroke-dasharray', dash.join(' '));
  return svgElement('svg', { width: 22, height: 10, 'aria-hidden': 'true', class: 'line-sample' }, line);
}

export class Curves {
  #canvas = element('div', { class: 'canvas' });
  #readout = element('figcaption', { class: 'readout' });
  node = element('div', { class: 'drawing' }, this.#canvas, this.#readout);
  #metric;
  #lines;
  #height;
  #isLog;
  /** @type {uPlot | null} */
  #chart = null;
  #drawSoon = atMostEvery(DRAW_MS, () => this.#fill());
  #redraw = () => this.#build();
  #resize = new ResizeObserver(() => this.#fit());

  /**
   * @param {string} metric
   * @param {readonly Line[]} lines
   * @param {{ height?: number, isLog?: boolean }} options
   */
  constructor(metric, lines, { height = 220, isLog = false } = {}) {
    this.#metric = metric;
    this.#lines = lines;
    this.#height = height;
    this.#isLog = isLog;
    this.#resize.observe(this.#canvas);
    redraws.add(this.#redraw);
  }

  /**
   * A new last point of a line, if the chart has it.
   * @param {string} label
   * @param {number} step
   * @param {number | string} value
   */
  add(label, step, value) {
    const line = this.#lines.find((each) => each.label === label);
    const last = line?.steps.at(-1);
    if (line === undefined || (last !== undefined && step < last)) return;
    const number = typeof value === 'number' && Number.isFinite(value) ? value : null;
    if (step === last) line.values[line.values.length - 1] = number;
    else {
      line.steps.push(step);
      line.values.push(number);
    }
    this.#drawSoon();
  }

  /** @param {boolean} isLog */
  set isLog(isLog) {
    this.#isLog = isLog;
    this.#build();
  }

  close() {
    this.#resize.disconnect();
    redraws.delete(this.#redraw);
    this.#chart?.destroy();
    this.#chart = null;
  }

  /** @returns {uPlot.AlignedData} */
  #data() {
    const drawable = (/** @type {number | null} */ value) =>
      this.#isLog && value !== null && value <= 0 ? null : value;
    const tables = this.#lines.map(
      ({ steps, values }) => /** @type {uPlot.AlignedData} */ ([steps, values.map(drawable)]),
    );
    return tables.length === 0 ? [[]] : uPlot.join(tables);
  }

  #fit() {
    const width = this.#canvas.clientWidth;
    if (width === 0) return;
    if (this.#chart === null) this.#build();
    else if (this.#chart.width !== width) this.#chart.setSize({ width, height: this.#height });
  }

  #fill() {
    if (this.#chart === null || document.hidden) return;
    this.#chart.setData(this.#data());
    this.#describe(null);
  }

  #build() {
    const width = this.#canvas.clientWidth;
    if (width === 0) return;
    this.#chart?.destroy();
    this.#chart = new uPlot(this.#options(width), this.#data(), this.#canvas);
    this.#describe(null);
  }

  /**
   * @param {number} width
   * @returns {uPlot.Options}
   */
  #options(width) {
    const axis = {
      stroke: colorOf('--soft'),
      grid: { stroke: colorOf('--line'), width: 1 },
      ticks: { stroke: colorOf('--line'), width: 1 },
      font: '12px system-ui, sans-serif',
    };
    const describe = (/** @type {uPlot} */ chart) => this.#describe(chart);
    return {
      width,
      height: this.#height,
      legend: { show: false },
      cursor: { y: false, focus: { prox: 24 }, points: { size: 6 }, drag: { x: true, y: false } },
      focus: { alpha: 0.25 },
      scales: { x: { time: false }, y: this.#isLog ? { distr: 3 } : {} },
      axes: [
        { ...axis, space: 60, incrs: STEPS_APART },
        { ...axis, size: 62, values: (_, ticks) => ticks.map((tick) => numberText(tick, '')) },
      ],
      series: [
        {},
        ...this.#lines.map(({ label, dash }, place) => ({
          label,
          stroke: colorOf(`--chart-${colorNumber(place)}`),
          width: 1.6,
          dash: dash ?? dashOf(place),
          // A line of a single point is none: it is shown as the point.
          points: {
            show: (/** @type {uPlot} */ chart, /** @type {number} */ series) => isSingle(chart.data[series] ?? []),
            size: 6,
          },
        })),
      ],
      hooks: { setCursor: [describe], setSeries: [describe] },
    };
  }

  /**
   * In words: what is under the pointer, or else where the lines end.
   * @param {uPlot | null} chart
   */
  #describe(chart) {
    this.#readout.textContent = (chart === null ? null : pointedAt(chart)) ?? endsOf(this.#lines);
    this.#canvas.setAttribute('role', 'img');
    this.#canvas.setAttribute('aria-label', `${this.#metric} over steps: ${this.#readout.textContent}`);
  }
}

/**
 * The point of the line under the pointer which the chart marks: other lines have steps that it has not, before its end and after it.
 * @param {uPlot} chart
 */
function pointedAt({ series, cursor, data }) {
  const focused = series.findIndex((each, i) => i > 0 && '_focus' in each && each._focus === true);
  const index = focused > 0 ? cursor.idxs?.[focused] : null;
  if (typeof index !== 'number') return null;
  return `step ${data[0][index]}: ${numberText(data[focused]?.[index])} · ${series[focused]?.label}`;
}

/** @param {readonly Line[]} lines */
function endsOf(lines) {
  const ends = lines.flatMap(({ values }) => values.findLast((value) => value !== null) ?? []);
  const [only] = ends;
  const told =
    only === undefined
      ? 'no values yet'
      : ends.length === 1
        ? `last ${numberText(only)}`
        : `last values from ${numberText(Math.min(...ends))} to ${numberText(Math.max(...ends))}`;
  return lines.length > 1 ? `${countText(lines.length, 'run')}, ${told}` : told;
}

/** @param {ArrayLike<number | null | undefined>} values */
function isSingle(values) {
  let count = 0;
  for (let i = 0; i < values.length && count < 2; i++) if (values[i] != null) count += 1;
  return count === 1;
}
