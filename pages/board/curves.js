// Curves that grow: a chart of one metric over steps, a line a run, drawn by uPlot.

import { atMostEvery, countText, element, inert, numberText } from '/elements.js';
import uPlot from '/uplot.js';

const COLORS = 6;
const DASHES = [[], [6, 3], [2, 2], [9, 3, 2, 3]];
/** Steps are whole numbers, and so are the marks of their axis. */
const STEPS_APART = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
/** A chart is drawn anew no more often, however fast its runs log. */
const DRAW_MS = 1000;

const themeListeners = new Set();
/** Canvases know nothing of style sheets. */
export function redrawCharts() {
  for (const redraw of themeListeners) redraw();
}

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const colorOf = (index) => (index % COLORS) + 1;
const dashOf = (index) => DASHES[Math.floor(index / COLORS) % DASHES.length];

/** What the line at this place of a chart looks like, for a legend. */
export function lineSample(index, dash = dashOf(index)) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
  for (const [name, value] of Object.entries({ width: 22, height: 10, 'aria-hidden': 'true', class: 'line-sample' }))
    svg.setAttribute(name, value);
  for (const [name, value] of Object.entries({ x1: 0, x2: 22, y1: 5, y2: 5, class: `chart-${colorOf(index)}` }))
    line.setAttribute(name, value);
  if (dash.length > 0) line.setAttribute('stroke-dasharray', dash.join(' '));
  svg.append(line);
  return svg;
}

/** `lines`: {label, steps, values}. */
export class Curves {
  #lines;
  #metric;
  #height;
  #chart = null;
  #canvas = element('div', { class: 'canvas' });
  #readout = element('figcaption', { class: 'readout' });
  #log = false;
  #drawSoon = atMostEvery(DRAW_MS, () => this.#fill());
  #resize;
  #redraw = () => this.#build();

  constructor(metric, lines, { height = 220, log = false } = {}) {
    this.#metric = metric;
    this.#lines = lines;
    this.#height = height;
    this.#log = log;
    this.node = element('div', { class: 'drawing' }, this.#canvas, this.#readout);
    this.#resize = new ResizeObserver(() => {
      const width = this.#canvas.clientWidth;
      if (width === 0) return;
      if (this.#chart === null) this.#build();
      else if (this.#chart.width !== width) this.#chart.setSize({ width, height: this.#height });
    });
    this.#resize.observe(this.#canvas);
    themeListeners.add(this.#redraw);
  }

  /** A new last point of a line; true if the chart has the line. */
  add(label, step, value) {
    const line = this.#lines.find((each) => each.label === label);
    if (line === undefined) return false;
    const number = typeof value === 'number' && Number.isFinite(value) ? value : null;
    const last = line.steps.at(-1);
    if (last !== undefined && step < last) return true;
    if (step === last) line.values[line.values.length - 1] = number;
    else {
      line.steps.push(step);
      line.values.push(number);
    }
    this.#drawSoon();
    return true;
  }

  set log(log) {
    this.#log = log;
    this.#build();
  }

  close() {
    this.#resize.disconnect();
    themeListeners.delete(this.#redraw);
    this.#chart?.destroy();
    this.#chart = null;
  }

  #data() {
    const logged = (value) => (this.#log && value !== null && value <= 0 ? null : value);
    const tables = this.#lines.map(({ steps, values }) => [steps, values.map(logged)]);
    return tables.length === 0 ? [[]] : uPlot.join(tables);
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
    const axis = {
      stroke: style('--soft'),
      grid: { stroke: style('--line'), width: 1 },
      ticks: { stroke: style('--line'), width: 1 },
      font: '12px system-ui, sans-serif',
    };
    const options = {
      width,
      height: this.#height,
      legend: { show: false },
      cursor: { y: false, focus: { prox: 24 }, points: { size: 6 }, drag: { x: true, y: false } },
      focus: { alpha: 0.25 },
      scales: { x: { time: false }, y: this.#log ? { distr: 3 } : {} },
      axes: [
        { ...axis, space: 60, incrs: STEPS_APART },
        { ...axis, size: 62, values: (_, ticks) => ticks.map(numberText) },
      ],
      series: [
        {},
        ...this.#lines.map(({ label, dash }, i) => ({
          label,
          stroke: style(`--chart-${colorOf(i)}`),
          width: 1.6,
          dash: dash ?? dashOf(i),
          // A line of a single point is none: it is shown as the point.
          points: { show: (chart, series) => isSingle(chart.data[series]), size: 6 },
        })),
      ],
      hooks: { setCursor: [(chart) => this.#describe(chart)], setSeries: [(chart) => this.#describe(chart)] },
    };
    this.#chart = new uPlot(options, this.#data(), this.#canvas);
    this.#describe(null);
  }

  /** In words: what is under the pointer, or else where the lines end. */
  #describe(chart) {
    const focused = chart?.series.findIndex((each, i) => i > 0 && each._focus);
    // The point of that line which the chart marks: other lines have steps that it has not, before its end and after it.
    const index = focused > 0 ? chart.cursor.idxs?.[focused] : null;
    if (typeof index === 'number') {
      const [steps] = chart.data;
      this.#readout.textContent = inert(
        `step ${steps[index]}: ${numberText(chart.data[focused][index])} · ${chart.series[focused].label}`,
      );
      return;
    }
    const ends = this.#lines.flatMap(({ values }) => values.findLast((value) => value !== null) ?? []);
    const range =
      ends.length === 0
        ? 'no values yet'
        : ends.length === 1
          ? `last ${numberText(ends[0])}`
          : `last values from ${numberText(Math.min(...ends))} to ${numberText(Math.max(...ends))}`;
    this.#readout.textContent = this.#lines.length > 1 ? `${countText(this.#lines.length, 'run')}, ${range}` : range;
    this.#canvas.setAttribute('role', 'img');
    this.#canvas.setAttribute('aria-label', inert(`${this.#metric} over steps: ${this.#readout.textContent}`));
  }
}

function isSingle(values) {
  let count = 0;
  for (const value of values) if (value !== null && value !== undefined && ++count > 1) return false;
  return count === 1;
}
