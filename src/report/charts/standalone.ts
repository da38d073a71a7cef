// A chart as a file of its own: with its title, a style that follows the reader's preference for dark or light, and tooltips.

import type { Chart } from './chart.ts';
import { chartStyle, darkVariables } from './theme.ts';

/** On a page the title stands above the chart as text. */
export function titled(chart: Chart): Chart {
  const title = { text: chart.title, anchor: 'start', frame: 'bounds', limit: 620, offset: 14 } as const;
  return { ...chart, spec: { title, ...chart.spec } };
}

/** @param svg as drawChart gives it */
export function standaloneSvg(svg: string): string {
  const style = [
    '.chart-svg { background: var(--chart-surface, #fefefe); }',
    `@media (prefers-color-scheme: dark) { .chart-svg { color-scheme: dark; ${darkVariables()} } }`,
    chartStyle(),
  ];
  const styled = withTooltips(svg).replace('>', () => `><style>\n${style.join('\n')}\n</style>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${styled}\n`;
}

const ATTRIBUTES = String.raw`(?: [\w:-]+="[^"]*")*`;
const TELLING_MARK = new RegExp(`<(\\w+) aria-label="([^"]*)" role="graphics-symbol"(${ATTRIBUTES})/>`, 'g');

/** What a page's script shows of a mark, as the `<title>` that viewers of SVG show. It is escaped where it stands. */
function withTooltips(svg: string): string {
  return svg.replaceAll(TELLING_MARK, (_, element: string, told: string, rest: string) => {
    const label = `aria-label="${told}" role="graphics-symbol"`;
    return `<${element} ${label}${rest}><title>${told}</title></${element}>`;
  });
}
