import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TopLevelSpec } from 'vega-lite';
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

function specOf(value: object): TopLevelSpec {
  if (!('mark' in value)) throw new Error('a spec has a mark');
  return JSON.parse(JSON.stringify(value));
}

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

  it.each([
    [
      'an address behind a mark',
      { mark: 'point', encoding: { href: { value: 'javascript:alert(1)' } } },
      'may load nothing',
    ],
    ['a picture', { mark: { type: 'image', url: 'http://localhost/a.png' } }, 'may load nothing'],
    [
      'a color from elsewhere',
      { mark: { type: 'point', filled: true, fill: 'url(http://localhost/a.svg#a)' } },
      'may load nothing',
    ],
    [
      'more memory than there is',
      { transform: [{ calculate: 'length(sequence(1e9))', as: 'b' }], mark: 'point' },
      'came to an end|more than 20 s',
    ],
    [
      'an expression without end',
      { transform: [{ calculate: 'test(/^(a+)+$/, datum.a)', as: 'b' }], mark: 'point' },
      'more than 20 s',
    ],
    [
      'code',
      { transform: [{ calculate: "constructor.constructor('return process')()", as: 'b' }], mark: 'point' },
      'Illegal callee',
    ],
  ])('refuses %s in one line, and draws the next chart', { timeout: 120_000 }, async (_, rest, reason) => {
    const data = { values: [{ a: `${'a'.repeat(40)}!` }] };
    await expect(drawChart({ id: 'x', title: 'mine', spec: specOf({ data, ...rest }) })).rejects.toThrow(
      new RegExp(`^chart "mine" cannot be drawn: .*(${reason}).*$`),
    );
    expect(await drawChart({ id: 'x', title: 'next', spec: { data, mark: 'point' } })).toContain('<svg');
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'draws a metric that is called %s',
    async (name) => {
      const y = { field: 'y', type: 'quantitative', title: name, axis: { title: name } } as const;
      const spec = { title: name, data: { values: [{ y: 1 }] }, mark: 'point', encoding: { y } } as const;
      expect(await drawChart({ id: 'x', title: name, spec })).toContain(name);
    },
  );

  it('has no characters that XML forbids, or that turn its text around', async () => {
    const text = 'a\u0000b\u202ec';
    const spec = { data: { values: [{ text }] }, mark: 'text', encoding: { text: { field: 'text' } } } as const;
    expect(await drawChart({ id: 'x', title: 'mine', spec })).toContain('a\ufffdb\ufffdc');
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

  it('draws what the sweep file asks for, names each chart that is wrong, and draws the others', async () => {
    const sweep = writeGrid(join(cwd, 'runs/grid'));
    const spec = {
      mark: 'bar',
      encoding: { x: { field: 'state', type: 'nominal' }, y: { field: 'n', type: 'quantitative' } },
    };
    const sql = 'SELECT state, count(*) AS n FROM runs GROUP BY state ORDER BY state';
    const charts = [
      { title: 'Misnamed', sql: 'SELECT state AS status, count(*) AS n FROM runs GROUP BY state', spec },
      { title: 'Not logged yet', sql: 'SELECT max("test/later") AS n, run AS state FROM metrics GROUP BY run', spec },
      { title: 'Forbidden', sql: `SELECT * FROM read_text('/etc/passwd')`, spec },
      { title: 'Not to be drawn', sql, spec: { ...spec, mark: 'nonsense' } },
      { title: 'Runs by state', sql, spec },
    ];
    writeText(join(sweep, 'sweep.json'), JSON.stringify({ charts }));
    const notices: string[] = [];
    const files = await writeCharts({ directories: ['runs'], cwd }, 'charts', (notice) => notices.push(notice));
    expect(files).toContain('charts/grid-pair.svg');
    expect(files.filter((file) => file.includes('own'))).toEqual(['charts/grid-own-runs-by-state.svg']);
    expect(readFileSync(join(cwd, 'charts/grid-own-runs-by-state.svg'), 'utf8')).toContain('diverged');
    expect(notices).toEqual([
      'runs/grid: chart "Misnamed" is left out: its SQL gives no column "state", which its spec draws; did you mean "status"?',
      expect.stringMatching(/^runs\/grid: chart "Not logged yet" is left out: SQL: .*"test\/later" not found/),
      expect.stringMatching(/^runs\/grid: chart "Forbidden" is left out: SQL: read_text\(\) may not be called here/),
      expect.stringMatching(/^chart "Not to be drawn" cannot be drawn: /),
    ]);
    writeText(
      join(sweep, 'sweep.json'),
      JSON.stringify({ charts: Array.from({ length: 53 }, (_, i) => ({ title: `${i}`, sql, spec })) }),
    );
    const { studies, notices: told } = await makeCharts({ directories: ['runs'], cwd });
    expect(studies[0]?.charts.filter(({ id }) => id.includes('-own-'))).toHaveLength(50);
    expect(told).toEqual(['runs/grid: 3 of 53 charts are left out: 50 are drawn']);
  });

  it('says so where there is nothing to draw', async () => {
    writeRun(join(cwd, 'runs/a'), { state: 'pending' });
    await expect(writeCharts({ directories: ['runs'], cwd }, 'charts', () => {})).rejects.toThrow(
      'there is nothing to draw: no run has logged a number',
    );
    expect(existsSync(join(cwd, 'charts'))).toBe(false);
  });
});
