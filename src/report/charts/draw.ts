// From a Vega-Lite spec to SVG: no browser, no file, no network, and the same bytes for the same spec.

import { ConfigurationError, messageOf } from '../../util/errors.ts';
import { printable } from '../../util/printable.ts';
import type { Chart, DrawnChart } from './chart.ts';
import { svgOf } from './draw_process.ts';

/** One `<svg>` for a page: colors by the page's variables, names of its parts that no other chart has. */
export async function drawChart({ id, spec, title }: Pick<Chart, 'id' | 'spec' | 'title'>): Promise<string> {
  try {
    const svg = await svgOf(spec);
    if (FOREIGN.test(svg)) throw new Error('it may load nothing, and a color of it is an address');
    return ofItsOwn(svg.replaceAll(UNSEEN, '\ufffd'), id);
  } catch (error) {
    throw new ConfigurationError(`chart "${title}" cannot be drawn: ${printable(firstLine(messageOf(error)))}`, {
      cause: error,
    });
  }
}

/** Attributes have no other quotes, and text has none. */
const FOREIGN = /="\s*url\((?!#)/i;
/** What no XML may hold, and what would turn the direction of the text behind it. */
const UNSEEN = /[^\P{Cc}\n\t]|\p{Bidi_Control}/gu;
const MOST_SAID = 500;
const firstLine = (text: string) => (text.split('\n')[0] ?? '').slice(0, MOST_SAID);

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
