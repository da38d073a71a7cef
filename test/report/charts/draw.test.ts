import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeCharts } from '../../../src/report/charts/chart_report.ts';
import { drawChart } from '../../../src/report/charts/draw.ts';
import { standaloneSvg } from '../../../src/report/charts/standalone.ts';
import { writeCharts } from '../../../src/report/charts/svg_files.ts';
import { lossCurve, temporaryDirectory, writeRun, writeSweep, writeText } from '../run_directories.ts';
import { writeGrid } from './sweep_of_runs.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
});
afterEach(() => remove());

const HOSTILE = '<script>alert(1)</script>"\'&\u001b[31m]]>--><![CDATA[';

/** Every tag that is opened is closed in its order, and nothing stands bare that XML has a use for. */
function expectWellFormed(xml: string): void {
  const open: string[] = [];
  const rest = xml
    .replaceAll(/<style>[^<]*<\/style>/g, '')
    .replaceAll(/<\?xml [^>]*\?>|<(\/?)([\w:]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g, (_, end, name, __, isEmpty) => {
      if (end === '/') expect(open.pop()).toBe(name);
      else if (name !== undefined && isEmpty !== '/') open.push(name);
      return '';
    });
  expect(open).toEqual([]);
  expect(rest).not.toMatch(/[<]|&(?!(amp|lt|gt|quot|#\w+);)/);
}

describe('a chart as SVG', () => {
  it('holds hostile names as text', async () => {
    const sweep = writeSweep(join(cwd, 'runs/grid'));
    for (const [i, value] of [HOSTILE, 'plain', `${HOSTILE}2`].entries()) {
      writeRun(join(sweep, `run-${i}`), {
        axes: { [HOSTILE]: value, rank: i },
        metrics: lossCurve(3, 0.1 * (i + 1)).map((line) =>
          typeof line === 'string' ? line : { ...line, [`loss/${HOSTILE}`]: 0.5 },
        ),
      });
    }
    const { studies } = await makeCharts({ directories: ['runs'], cwd });
    const charts = studies.flatMap((each) => each.charts);
    expect(charts.length).toBeGreaterThan(4);
    for (const chart of charts) {
      expect(chart.id).toMatch(/^[a-z0-9-]+$/);
      const svg = await drawChart(chart);
      expectWellFormed(standaloneSvg(svg));
      expect(svg).not.toMatch(/<script|<!\[CDATA|href|foreignObject| on\w+=/);
      expect(svg).not.toContain('\u001b');
      expect(await drawChart(chart)).toBe(svg);
    }
    expect(await drawChart(charts[0])).toContain('&lt;script&gt;');
  });

  it('loads nothing', async () => {
    const url = 'file:///etc/passwd';
    const spec = { data: { url }, mark: 'point' as const, encoding: { x: { field: 'a', type: 'nominal' as const } } };
    await expect(drawChart({ id: 'x', title: 'mine', spec })).rejects.toThrow(
      'chart "mine" cannot be drawn: it may load nothing, and asks for file:///etc/passwd',
    );
  });
});

describe('report --svg', () => {
  it('writes each chart under its name, replaces it, and leaves other files alone', async () => {
    writeGrid(join(cwd, 'runs/grid'));
    writeText(join(cwd, 'charts/mine.svg'), 'mine');
    writeText(join(cwd, 'charts/grid-pair.svg'), 'old');
    const files = await writeCharts({ directories: ['runs'], cwd }, 'charts', () => {});
    expect(files).toContain('charts/grid-pair.svg');
    expect(readFileSync(join(cwd, 'charts/mine.svg'), 'utf8')).toBe('mine');
    expect(readdirSync(join(cwd, 'charts')).sort()).toEqual([...files.map((file) => file.slice(7)), 'mine.svg'].sort());
    const pair = readFileSync(join(cwd, 'charts/grid-pair.svg'), 'utf8');
    expect(pair).toContain('prefers-color-scheme: dark');
    expectWellFormed(pair);
  });

  it('draws what the sweep file asks for, and names the chart that is wrong', async () => {
    const sweep = writeGrid(join(cwd, 'runs/grid'));
    const spec = {
      mark: 'bar',
      encoding: { x: { field: 'state', type: 'nominal' }, y: { field: 'n', type: 'quantitative' } },
    };
    const ask = (sql: string) =>
      writeText(join(sweep, 'sweep.json'), JSON.stringify({ charts: [{ title: 'Runs by state', sql, spec }] }));
    ask('SELECT state, count(*) AS n FROM runs GROUP BY state ORDER BY state');
    const files = await writeCharts({ directories: ['runs'], cwd }, 'charts', () => {});
    expect(files.at(-1)).toBe('charts/grid-own-runs-by-state.svg');
    expect(readFileSync(join(cwd, 'charts/grid-own-runs-by-state.svg'), 'utf8')).toContain('diverged');
    ask('SELECT nothing FROM runs');
    await expect(writeCharts({ directories: ['runs'], cwd }, 'charts', () => {})).rejects.toThrow(
      /^chart "Runs by state": SQL: /,
    );
    ask(`SELECT * FROM read_text('/etc/passwd')`);
    await expect(writeCharts({ directories: ['runs'], cwd }, 'charts', () => {})).rejects.toThrow(
      'may not be called here',
    );
  });

  it('says so where there is nothing to draw', async () => {
    writeRun(join(cwd, 'runs/a'), { state: 'pending' });
    await expect(writeCharts({ directories: ['runs'], cwd }, 'charts', () => {})).rejects.toThrow(
      'there is nothing to draw: no run has logged a number',
    );
    expect(existsSync(join(cwd, 'charts'))).toBe(false);
  });
});
