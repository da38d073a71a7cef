// From a Vega-Lite spec to SVG: no browser, no file, no network, and the same bytes for the same spec.

import { ConfigurationError, messageOf } from '../../util/errors.ts';
import type { Chart, DrawnChart } from './chart.ts';
import { textWidth } from './text_width.ts';
import { CONFIG } from './theme.ts';

/** One `<svg>` for a page: colors by the page's variables, names of its parts that no other chart has. */
export async function drawChart({ id, spec, title }: Pick<Chart, 'id' | 'spec' | 'title'>): Promise<string> {
  // Imported only where charts are drawn: it takes half a second.
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  measureText(vega);
  const problems: string[] = [];
  const logger = silentLogger(problems);
  try {
    const compiled = compile(spec, { config: CONFIG, logger });
    vega.resetSVGDefIds();
    const view = new vega.View(vega.parse(compiled.spec), {
      loader: refusingLoader(problems),
      logger,
      renderer: 'none',
    });
    const svg = await view.toSVG();
    view.finalize();
    if (problems.length > 0) throw new Error(problems[0]);
    return ofItsOwn(svg, id);
  } catch (error) {
    throw new ConfigurationError(`chart "${title}" cannot be drawn: ${messageOf(error).split('\n')[0]}`, {
      cause: error,
    });
  }
}

export async function drawn(chart: Chart): Promise<DrawnChart> {
  return { ...chart, svg: await drawChart(chart) };
}

/** Parts that are referred to by name, such as clips, are called alike in every chart. */
function ofItsOwn(svg: string, id: string): string {
  return svg
    .replaceAll(/ id="((?:clip|gradient|filter)\w*)"/g, ` id="${id}-$1"`)
    .replaceAll(/url\(#((?:clip|gradient|filter)\w*)\)/g, `url(#${id}-$1)`)
    .replace('class="marks"', 'class="chart-svg"');
}

/** Vega only warns of what it cannot load, and draws an empty chart. */
function refusingLoader(problems: string[]) {
  const refuse = async (uri: string): Promise<never> => {
    const problem = `it may load nothing, and asks for ${uri}`;
    problems.push(problem);
    throw new Error(problem);
  };
  return { load: refuse, sanitize: refuse, http: refuse, file: refuse };
}

/** Warnings are a matter of taste; errors are kept. */
function silentLogger(errors: string[]) {
  const logger = {
    level: () => logger,
    error(...messages: readonly unknown[]) {
      errors.push(messages.map(messageOf).join(' '));
      return logger;
    },
    warn: () => logger,
    info: () => logger,
    debug: () => logger,
  };
  return logger;
}

interface TextItem {
  fontSize?: number;
  fontWeight?: number | string;
  limit?: number;
}

/** How much wider bold text is. */
const BOLD = 1.14;

/** Vega's measure of text is a function that may be replaced, which its types do not tell. */
function measureText(vega: object): void {
  const metrics = 'textMetrics' in vega ? vega.textMetrics : null;
  if (typeof metrics !== 'object' || metrics === null) return;
  Object.assign(metrics, {
    width: ({ fontSize = 11, fontWeight, limit = 0 }: TextItem, text: unknown) => {
      const width = textWidth(String(text ?? ''), fontSize) * (Number(fontWeight) >= 600 ? BOLD : 1);
      return limit > 0 ? Math.min(limit, width) : width;
    },
  });
}
