// Charts as files: each an SVG of its own in a directory, replaced by its name.

import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigurationError, messageOf } from '../../util/errors.ts';
import { placeOf, writeError } from '../place.ts';
import type { Chart } from './chart.ts';
import { type ChartOptions, makeCharts } from './chart_report.ts';
import { drawn } from './draw.ts';
import { standaloneSvg, titled } from './standalone.ts';

/**
 * Draws every chart of a report into a directory, which is made where it is missing. Other files in it stay as they are. A chart
 * that cannot be drawn takes no other with it.
 * @param notify told what could not be read or drawn, one line each
 * @returns the paths written, below `directory` as it was given
 * @throws ConfigurationError where there is nothing to draw, or where no chart can be drawn
 */
export async function writeCharts(
  options: ChartOptions,
  directory: string,
  notify: (notice: string) => void,
): Promise<string[]> {
  const { studies, notices } = await makeCharts(options);
  for (const notice of notices) notify(notice);
  const charts: Chart[] = studies.flatMap((each) => each.charts);
  if (charts.length === 0) {
    throw new ConfigurationError('there is nothing to draw: no run has logged a number', {
      hint: 'A chart needs a metric with steps.',
    });
  }
  const target = resolve(options.cwd, directory);
  const written: string[] = [];
  const undrawn: unknown[] = [];
  try {
    await mkdir(target, { recursive: true });
    for (const chart of charts) {
      const shown = await drawn(titled(chart)).catch((error: unknown) => {
        undrawn.push(error);
        return null;
      });
      if (shown === null) continue;
      const place = await placeOf(join(target, `${chart.id}.svg`));
      await place.write(standaloneSvg(shown.svg));
      written.push(join(directory, `${chart.id}.svg`));
    }
  } catch (error) {
    throw error instanceof ConfigurationError ? error : writeError(directory, error);
  }
  if (written.length === 0) throw undrawn[0];
  for (const problem of undrawn) notify(messageOf(problem));
  return written;
}
