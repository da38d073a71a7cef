// What the process that draws does: from a Vega-Lite spec to SVG, with no file, no network, and the same bytes for the same spec.
// bin/draw_chart.mjs starts it; draw_process.ts sends it charts, and ends it where a spec would take all the time or memory there is.

import { Worker } from 'node:worker_threads';
import { type Loader, type LoggerInterface, parse, resetSVGDefIds, textMetrics, View } from 'vega';
import { compile } from 'vega-lite';
import { WIDE } from '../../util/display_width.ts';
import { messageOf } from '../../util/errors.ts';
import { isSpec } from './chart.ts';
import { CONFIG } from './theme.ts';

declare module 'vega' {
  /** Which its own types leave out. */
  export const textMetrics: {
    width(item: { fontSize?: number; fontWeight?: number | string; limit?: number }, text: unknown): number;
  };
}

/** A chart of ours, or why there is none. */
export interface Drawing {
  svg: string | null;
  problem: string | null;
}

const NARROW = new Set("iljftrI.,:;|!'()[]{}/\\ ");
const VERY_WIDE = new Set('mwMW@%★—');

/** How wide a text is in a common sans-serif font, in pixels, on the generous side: no browser is there to ask. */
function textWidth(text: string, fontSize: number): number {
  let ems = 0;
  for (const character of text) {
    if (NARROW.has(character)) ems += 0.34;
    else if (VERY_WIDE.has(character)) ems += 0.9;
    else if (/[A-Z]/.test(character)) ems += 0.7;
    else ems += WIDE.test(character) ? 1.05 : 0.58;
  }
  return ems * fontSize;
}

/** How much wider bold text is. */
const BOLD = 1.14;

// Vega's own guess is half as much again, and differs where a canvas is installed.
textMetrics.width = ({ fontSize = 11, fontWeight, limit = 0 }, text) => {
  const width = textWidth(String(text ?? ''), fontSize) * (Number(fontWeight) >= 600 ? BOLD : 1);
  return limit > 0 ? Math.min(limit, width) : width;
};

/** Vega only warns of what it cannot load, and draws an empty chart. */
function refusingLoader(problems: string[]): Loader {
  const refuse = async (uri: string): Promise<never> => {
    const problem = `it may load nothing, and asks for ${uri}`;
    problems.push(problem);
    throw new Error(problem);
  };
  // Vega waits for addresses that marks lead to, and has no use for one that is refused with an error.
  const sanitize = async (uri: string) => await refuse(uri).catch(() => ({ href: '' }));
  return { load: refuse, sanitize, http: refuse, file: refuse };
}

/** Warnings are a matter of taste; errors are kept. */
function silentLogger(errors: string[]): LoggerInterface {
  function level(set: number): LoggerInterface;
  function level(): number;
  function level(set?: number): LoggerInterface | number {
    return set === undefined ? 0 : logger;
  }
  const silent = () => logger;
  const logger: LoggerInterface = {
    level,
    error(...messages: readonly unknown[]) {
      errors.push(messages.map(messageOf).join(' '));
      return logger;
    },
    warn: silent,
    info: silent,
    debug: silent,
  };
  return logger;
}

/**
 * Vega takes a title that is called like a member of every object, as a metric may be (`constructor`), for that member: with a space
 * behind it, it is a text. Numbers of a chart stay as they are.
 */
function withTitles(spec: unknown): unknown {
  if (Array.isArray(spec)) return spec.map(withTitles);
  if (typeof spec !== 'object' || spec === null) return spec;
  return Object.fromEntries(
    Object.entries(spec).map(([name, value]) => {
      if (name === 'data' || name === 'datasets') return [name, value];
      const isText = (name === 'title' || name === 'text') && typeof value === 'string';
      return [name, isText && value in Object.prototype ? `${value} ` : withTitles(value)];
    }),
  );
}

async function drawn(given: unknown): Promise<string> {
  const spec = withTitles(given);
  if (!isSpec(spec)) throw new Error('its spec says nothing that is drawn');
  const problems: string[] = [];
  const logger = silentLogger(problems);
  const compiled = compile(spec, { config: CONFIG, logger });
  resetSVGDefIds();
  const view = new View(parse(compiled.spec), { loader: refusingLoader(problems), logger, renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  const [problem] = problems;
  if (problem !== undefined) throw new Error(problem);
  return svg;
}

async function drawingOf(spec: unknown): Promise<Drawing> {
  try {
    return { svg: await drawn(spec), problem: null };
  } catch (error) {
    return { svg: null, problem: messageOf(error) };
  }
}

process.on('message', async (spec) => {
  process.send?.(await drawingOf(spec));
});
// The process that it draws for has ended: told by it, or found out while a chart loops.
process.on('disconnect', () => process.exit());
const watcher = new URL('../../../bin/end_with_parent.mjs', import.meta.url);
new Worker(watcher, { workerData: process.ppid }).unref();
