// A process that draws charts: from a Vega-Lite spec to SVG, with no file, no network, and the same bytes for the same spec.
// Started by src/report/charts/draw_process.ts, which ends it where a spec would take it all the time or memory there is.

import { Worker } from 'node:worker_threads';
import { parse, resetSVGDefIds, textMetrics, View } from 'vega';
import { compile } from 'vega-lite';

/** The first message. */
let setting = null;

const NARROW = new Set("iljftrI.,:;|!'()[]{}/\\ ");
const WIDE = new Set('mwMW@%★—');

/** How wide a text is in a common sans-serif font, in pixels, on the generous side: no browser is there to ask. */
function textWidth(text, fontSize) {
  let ems = 0;
  for (const character of text) {
    if (NARROW.has(character)) ems += 0.34;
    else if (WIDE.has(character)) ems += 0.9;
    else if (/[A-Z]/.test(character)) ems += 0.7;
    else ems += setting.wide.test(character) ? 1.05 : 0.58;
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

const messageOf = (problem) => (problem instanceof Error ? problem.message : String(problem));

/** Vega only warns of what it cannot load, and draws an empty chart. */
function refusingLoader(problems) {
  const refuse = async (uri) => {
    const problem = `it may load nothing, and asks for ${uri}`;
    problems.push(problem);
    throw new Error(problem);
  };
  // Vega waits for addresses that marks lead to, and has no use for one that is refused with an error.
  const sanitize = async (uri) => refuse(uri).catch(() => ({}));
  return { load: refuse, sanitize, http: refuse, file: refuse };
}

/** Warnings are a matter of taste; errors are kept. */
function silentLogger(errors) {
  const logger = {
    level: () => logger,
    error(...messages) {
      errors.push(messages.map(messageOf).join(' '));
      return logger;
    },
    warn: () => logger,
    info: () => logger,
    debug: () => logger,
  };
  return logger;
}

async function drawn(spec) {
  const problems = [];
  const logger = silentLogger(problems);
  const compiled = compile(spec, { config: setting.config, logger });
  resetSVGDefIds();
  const view = new View(parse(compiled.spec), { loader: refusingLoader(problems), logger, renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  if (problems.length > 0) throw new Error(problems[0]);
  return svg;
}

process.on('message', async (message) => {
  if (setting === null) {
    setting = message;
    process.send({ svg: null, problem: null });
    return;
  }
  try {
    process.send({ svg: await drawn(message), problem: null });
  } catch (error) {
    process.send({ svg: null, problem: messageOf(error) });
  }
});
// The process that it draws for has ended: told by it, or found out while a chart loops.
process.on('disconnect', () => process.exit());
new Worker(new URL('./end_with_parent.mjs', import.meta.url), { workerData: process.ppid }).unref();
