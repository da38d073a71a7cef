// Curves that grow: a chart of one metric over steps, a line a run, drawn by uPlot.

import { atMostEvery, countText, element, inert, numberText } from '/elements.js';
import uPlot from '/uplot.js';

const COLORS = 6;
const DASHES = [[], [6, 3], [2, 2], [9, 3, 2, 3]];
/** A chart is drawn anew no more often, however fast its runs log. */
const DRAW_MS = 1000;

const themeListeners = new Set();
/** Canvases know nothing of style sheets. */
export function redrawCharts() {
  for (const redraw of themeListeners) redraw();
}

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

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

  set lines(lines) {
    this.#lines = lines;
    this.#build();
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
        { ...axis, space: 60 },
        { ...axis, size: 62, values: (_, ticks) => ticks.map(numberText) },
      ],
      series: [
        {},
        ...this.#lines.map(({ label, dash }, i) => ({
          label,
          stroke: style(`--chart-${(i % COLORS) + 1}`),
          width: 1.6,
          dash: dash ?? DASHES[Math.floor(i / COLORS) % DASHES.length],
          points: { show: false },
        })),
      ],
      hooks: { setCursor: [(chart) => this.#describe(chart)], setSeries: [(chart) => this.#describe(chart)] },
    };
    this.#chart = new uPlot(options, this.#data(), this.#canvas);
    // The library does not draw a line of a single point.
    this.#describe(null);
  }

  /** In words: what is under the pointer, or else where the lines end. */
  #describe(chart) {
    const index = chart?.cursor.idx;
    const focused = chart?.series.findIndex((each, i) => i > 0 && each._focus);
    if (chart && typeof index === 'number' && focused > 0) {
      const [steps] = chart.data;
      this.#readout.textContent = inert(
        `step ${steps[index]}: ${numberText(this.#valueAt(chart.data[focused], index))} · ${chart.series[focused].label}`,
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

  /** The steps of other lines lie between those of this one. */
  #valueAt(values, index) {
    for (let i = index; i >= 0; i--) if (values[i] !== null && values[i] !== undefined) return values[i];
    return null;
  }
}
