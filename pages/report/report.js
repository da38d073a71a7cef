// The script of the report. All texts are set as text; nothing here fetches, and the policy of the page would keep it from it.

import { byId } from '../shared/elements.js';
import { followTheme } from '../shared/theme.js';
import { followReading } from './contents.js';
import { RunTable } from './run_table.js';
import { showTips } from './tips.js';
import { filterTranscripts } from './transcript_filters.js';
import { enlargeCharts } from './zoom.js';

/** @typedef {import('../../src/report/page/page_data.ts').RunTable} Table */

followTheme(byId('theme'));
/** By study. A single run has no table. @type {Record<string, Table>} */
const tables = JSON.parse(document.getElementById('data')?.textContent ?? '{}');
for (const place of document.querySelectorAll('.runs')) {
  if (!(place instanceof HTMLElement)) continue;
  const study = place.dataset.study ?? '';
  const table = tables[study];
  if (table !== undefined) new RunTable(place, table, study);
}
showTips();
enlargeCharts();
filterTranscripts();
followReading();
