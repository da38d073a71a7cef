// The board in a real browser: it shows runs, follows them, keeps notes, and whatever a run has written stays text.

import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { launch, whyNoBrowser } from '../../scripts/browser.mjs';
import { openBoard } from '../../src/board/listen.ts';
import { readNotes, writeNotes } from '../../src/run_files/notes.ts';
import { answersTo, writeAnswers } from '../report/evaluation_directories.ts';
import { lossCurve, temporaryDirectory, writeRun, writeSweep, writeText } from '../report/run_directories.ts';
import { violations } from './accessible.ts';
import { openPage } from './chromium.ts';

const objective = { metric: 'test/nll', goal: 'minimize', at: 'last' } as const;

let browser: Browser;
let cwd: string;
let remove: () => void;
beforeAll(async () => {
  if (whyNoBrowser !== null) return;
  [cwd, remove] = temporaryDirectory();
  browser = await launch();
  const sweep = writeSweep(join(cwd, 'grid'));
  for (const [i, learning_rate] of [0.001, 0.01, 0.1].entries()) {
    writeRun(join(sweep, `lr=${learning_rate}`), {
      axes: { learning_rate },
      objective,
      metrics: lossCurve(2.5, 1 + i / 4),
      ...(i === 2 ? { state: 'failed', error: { code: 'OOM', message: 'out of memory' } } : {}),
    });
  }
  writeAnswers(join(sweep, 'evals/a/sums'), answersTo(40, 30), { 'settings.json': { model: 'ORG/A', seed: 0 } });
  writeAnswers(join(sweep, 'evals/b/sums'), answersTo(40, 10), {
    'settings.json': { model: '<b>ORG/B</b>', seed: 1 },
  });
  const said = [
    { role: 'user', content: 'What is 1 + 1?' },
    { role: 'assistant', content: 'It is 2, of course.' },
  ];
  const lines = [1, 0].map((reward, idx) => ({
    idx,
    benchmark: 'sums',
    turns: said,
    reward,
    metrics: {},
    logs: {},
    error: null,
  }));
  mkdirSync(join(sweep, 'lr=0.001', 'iteration_000010'));
  writeText(
    join(sweep, 'lr=0.001', 'iteration_000010', 'eval_sums_trajectories.jsonl'),
    lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  );
});
afterAll(async () => {
  await browser?.close();
  remove?.();
});

async function boardOf(directory: string, hash = '', options: BrowserContextOptions = {}) {
  const failures: unknown[] = [];
  const board = await openBoard({
    directories: [directory],
    cwd,
    host: '127.0.0.1',
    port: 0,
    token: null,
    searchMs: 200,
    notify: () => {},
    report: (failure) => failures.push(failure),
  });
  onTestFinished(() => board.close());
  const opened = await openPage(browser, new URL(`/${hash}`, board.url), options);
  await opened.page.locator('h1').waitFor();
  return { ...opened, failures, url: board.url };
}

const runHash = (run: string) => `#run=${encodeURIComponent(run)}`;

describe.skipIf(whyNoBrowser !== null)('all runs', () => {
  it('stand in a table that filters and sorts, under their curves and the SQL behind them', async () => {
    const { page, faults } = await boardOf('grid');
    await page.locator('.canvas canvas').waitFor();
    const names = () => page.locator('.runs tbody td:first-child').allTextContents();
    expect(await names()).toEqual(['grid/lr=0.001', 'grid/lr=0.01', 'grid/lr=0.1']);
    await page.getByLabel('Filter runs').fill('MEMORY');
    expect(await names()).toEqual(['grid/lr=0.1']);
    await page.getByLabel('Filter runs').fill('');
    await page.getByRole('button', { name: 'last value' }).click();
    await page.getByRole('button', { name: 'last value' }).click();
    expect((await names())[0]).toBe('grid/lr=0.1');
    await page.getByText('SQL', { exact: true }).click();
    await expect
      .poll(() => page.locator('.sql pre').textContent())
      .toContain('SELECT run, step, "test/nll"\nFROM metrics\nWHERE run IN (\'grid/lr=0.1\', ');
    expect(faults).toEqual([]);
  });

  it('stand above what evaluations have measured, and what of it is no chance', async () => {
    const { page, faults } = await boardOf('grid');
    const table = page.getByRole('region', { name: 'Evaluations of sums' });
    await table.waitFor();
    const rows = await table.locator('tbody tr').all();
    expect(await Promise.all(rows.map((row) => row.locator('td').allTextContents()))).toEqual([
      ['ORG/A', '', '0.75', '0.5981 to 0.8581', '40', '', '', ''],
      ['<b>ORG/B</b>', '', '0.25', '0.1419 to 0.4019', '40', '-0.5 (-0.65 to -0.35)', '1.907e-6', 'other seed'],
    ]);
    expect(faults).toEqual([]);
  });

  it('say why their curves cannot be drawn, and come in the order of the numbers in their names', async () => {
    for (const rank of [4, 16, 128])
      writeRun(join(cwd, 'ranks', `rank=${rank}`), { metrics: ['{"step":0,"loss":1}\n'] });
    const { page } = await boardOf('ranks');
    await page.locator('.canvas canvas').waitFor();
    await page.locator('.runs th button').first().click();
    expect(await page.locator('.runs tbody td:first-child').allTextContents()).toEqual([
      'ranks/rank=4',
      'ranks/rank=16',
      'ranks/rank=128',
    ]);
    await page.route('**/api/curves*', (route) =>
      route.fulfill({ status: 400, json: { detail: 'other runs are being read: ask again' } }),
    );
    await page.getByLabel('Filter runs').fill('rank=1');
    await page.getByText('The curves cannot be drawn: other runs are being read: ask again').waitFor();
  });

  it('of one metric stand together, those of the metric of most runs first', async () => {
    for (const [name, metric, goal] of [
      ['a', 'reward', 'maximize'],
      ['b', 'test/nll', 'minimize'],
      ['c', 'test/nll', 'minimize'],
    ] as const) {
      const metrics = [`{"step":0,"${metric}":${name === 'a' ? 0.1 : name === 'b' ? 2 : 1}}\n`];
      writeRun(join(cwd, 'mixed', name), { objective: { metric, goal, at: 'last' }, metrics });
    }
    const { page } = await boardOf('mixed');
    await page.locator('.canvas canvas').waitFor();
    expect(await page.locator('.runs tbody td:first-child').allTextContents()).toEqual([
      'mixed/c',
      'mixed/b',
      'mixed/a',
    ]);
  });

  it('are the legend of the curves: those that are drawn have the sample of their line', async () => {
    const { page, faults } = await boardOf('grid');
    const sampled = () => page.locator('.runs tbody tr:has(.line-sample) td:first-child').allTextContents();
    await expect.poll(sampled).toEqual(['grid/lr=0.001', 'grid/lr=0.01', 'grid/lr=0.1']);
    await page.getByLabel('Filter runs').fill('lr=0.01');
    await expect.poll(() => page.locator('.readout').textContent()).toMatch(/^last /);
    expect(await page.locator('.line-sample .chart-1').count()).toBe(1);
    await page.getByLabel('Filter runs').fill('no such thing');
    await page.getByText('None of 3 runs fits').waitFor();
    await page.getByText('No run of the table has started.').waitFor();
    expect(await page.locator('.canvas').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it('show under the pointer the value of a step that the run has logged, also behind its end', async () => {
    writeSweep(join(cwd, 'lengths'));
    writeRun(join(cwd, 'lengths', 'short'), {
      objective,
      metrics: [0, 1].map((step) => ({ step, 'test/nll': 9 - step })),
    });
    writeRun(join(cwd, 'lengths', 'long'), {
      objective,
      metrics: [0, 10, 20].map((step) => ({ step, 'test/nll': 2 - step / 20 })),
    });
    const { page, faults } = await boardOf('lengths');
    const plot = page.locator('.u-over');
    await plot.waitFor();
    const { width, height } = (await plot.boundingBox()) ?? { width: 0, height: 0 };
    // In the middle of the steps, at the height at which the short run has ended.
    await plot.hover({ position: { x: width / 2, y: height * 0.15 } });
    await expect.poll(() => page.locator('.readout').textContent()).toBe('step 1: 8 · lengths/short');
    expect(faults).toEqual([]);
  });

  it('of many, the first ones are shown, and how many there are', async () => {
    writeSweep(join(cwd, 'many'));
    for (let seed = 0; seed < 400; seed++)
      writeRun(join(cwd, 'many', `run-${seed}`), { seed, objective, metrics: lossCurve(2, 1, 3) });
    const { page, faults } = await boardOf('many');
    expect(await page.locator('.runs tbody tr').count()).toBe(150);
    expect(await page.getByText('150 of 400 runs').count()).toBe(1);
    await page.getByRole('button', { name: 'Show more' }).click();
    expect(await page.locator('.runs tbody tr').count()).toBe(400);
    await page.getByText('24 of 400 runs are drawn').waitFor();
    expect(faults).toEqual([]);
  });

  it('grow and appear while somebody looks: a line in metrics.jsonl shows within two seconds', async () => {
    const run = writeRun(join(cwd, 'live', 'a'), {
      state: 'running',
      lease: 'live',
      objective,
      metrics: [{ step: 0, 'test/nll': 2 }],
    });
    const { page, faults } = await boardOf('live');
    await page.getByText('Live', { exact: true }).waitFor();
    const shown = page.locator('.runs tbody tr').first().locator('td').nth(3);
    await expect.poll(() => shown.textContent()).toContain('2');
    // The watch begins with the page, and this row was there before.
    await page.waitForTimeout(1500);
    const written = performance.now();
    appendFileSync(join(run, 'metrics.jsonl'), '{"step":1,"test/nll":0.125}\n');
    await expect.poll(() => shown.textContent(), { interval: 25, timeout: 5000 }).toContain('0.125');
    expect(performance.now() - written).toBeLessThan(2000);
    writeRun(join(cwd, 'live', 'b'), { objective, metrics: [{ step: 0, 'test/nll': 3 }] });
    await page.getByRole('link', { name: 'live/b' }).waitFor();
    expect(faults).toEqual([]);
  });
});

describe.skipIf(whyNoBrowser !== null)('one run', () => {
  it('has its curves, log, configuration and transcripts, and stands against another', async () => {
    const { page, faults } = await boardOf('grid', runHash('grid/lr=0.001'));
    await page.locator('figure .canvas canvas').first().waitFor();
    expect(await page.locator('.log').textContent()).toContain('started');
    await page.getByLabel('Compare with').first().selectOption('grid/lr=0.01');
    await page.getByRole('heading', { name: '1 field differs' }).waitFor();
    expect(await page.getByRole('region', { name: 'Fields that differ' }).locator('tbody').textContent()).toBe(
      'learning_rate0.0010.01',
    );
    const row = page.getByRole('region', { name: 'Metrics side by side' }).locator('tbody tr').first();
    expect(await row.locator('th, td').allTextContents()).toEqual([
      'test/nll',
      '2.75 → 1.25, best 1.25 at step 39',
      '2.75 → 1.5, best 1.5 at step 39',
      'step 10, by more than 1 % at step 10',
    ]);
    await page.getByLabel('Search transcripts').fill('OF COURSE');
    await page.getByText('2 transcripts, the worst and the best first').waitFor();
    expect(await page.locator('.transcript .score').allTextContents()).toEqual(['0', '1']);
    await page.locator('.transcript summary').first().click();
    expect(await page.locator('.transcript .message pre').first().textContent()).toBe('What is 1 + 1?');
    await page.getByLabel('Search transcripts').fill('nobody said this');
    await page.getByText('0 transcripts').waitFor();
    expect(faults).toEqual([]);
  });

  it('of more metrics than are shown says so, and is not read again for those that are left out', async () => {
    const row = (step: number) => {
      const many = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`metric/${i}`, step]));
      return `${JSON.stringify({ step, ...many, 'test/nll': 2 - step })}\n`;
    };
    const run = writeRun(join(cwd, 'wide', 'a'), { state: 'running', lease: 'live', objective, metrics: [row(0)] });
    const { page, faults } = await boardOf('wide', runHash('wide/a'));
    await page.getByText('100 metrics of the run left out: there are more than 500').waitFor();
    expect(await page.locator('figure.chart strong').first().textContent()).toBe('test/nll');
    await page.getByText('Live', { exact: true }).waitFor();
    let asked = 0;
    page.on('request', (request) => {
      asked += Number(new URL(request.url()).pathname === '/api/run');
    });
    for (let step = 1; step < 4; step++) {
      appendFileSync(join(run, 'metrics.jsonl'), row(step));
      await expect
        .poll(() => page.locator('.objective').textContent(), { timeout: 10_000 })
        .toContain(`step ${step + 1}`);
    }
    // A page that reads again does so within three seconds.
    await page.waitForTimeout(3500);
    expect(asked).toBe(0);
    expect(faults).toEqual([]);
  });

  it.each(['grid/gone', '%E0%A4'])('that the address names and that is not there is told: %s', async (name) => {
    const { page, faults } = await boardOf('grid', `#run=${name}`);
    await page.getByText(`There is no run ${name} here.`).waitFor();
    expect(await page.locator('.runs tbody tr').count()).toBe(3);
    expect(faults).toEqual([]);
  });

  it('keeps notes beside it, and what its curves were', async () => {
    const { page, faults } = await boardOf('grid', runHash('grid/lr=0.01'));
    await page.getByText('← all runs').click();
    await page.getByLabel('Metric').selectOption('train_mean_nll');
    await page.getByText('log scale').click();
    await page.getByRole('link', { name: 'grid/lr=0.01' }).click();
    await page.getByLabel('Tags, comma-separated').fill('baseline, again');
    await page.getByLabel('Note').fill('<b>look</b>');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved beside the run').waitFor();
    expect(JSON.parse(readFileSync(join(cwd, 'grid', 'lr=0.01', 'notes.json'), 'utf8'))).toMatchObject({
      tags: ['baseline', 'again'],
      note: '<b>look</b>',
    });
    await page.getByText('← all runs').click();
    await expect.poll(() => page.locator('.tag').allTextContents()).toEqual(['baseline', 'again']);
    await expect.poll(() => page.getByLabel('Metric').inputValue()).toBe('train_mean_nll');
    expect(await page.getByLabel('log scale').isChecked()).toBe(true);
    expect(faults).toEqual([]);
  });
});

describe.skipIf(whyNoBrowser !== null)('a note that is not saved yet', () => {
  it('stays while one looks elsewhere, and while the board does not answer', async () => {
    const options = {
      directories: ['grid'],
      cwd,
      host: '127.0.0.1',
      token: null,
      searchMs: 200,
      notify: () => {},
      report: () => {},
    };
    const first = await openBoard({ ...options, port: 0 });
    const { page } = await openPage(browser, new URL(`/${runHash('grid/lr=0.01')}`, first.url));
    await page.getByLabel('Note').fill('half a thought');
    await page.getByText('← all runs').click();
    await page.getByRole('link', { name: 'grid/lr=0.01' }).click();
    await expect.poll(() => page.getByLabel('Note').inputValue()).toBe('half a thought');
    await first.close();
    await page.getByText('The board does not answer; what is shown may be old.').waitFor();
    const second = await openBoard({ ...options, port: Number(new URL(first.url).port) });
    onTestFinished(() => second.close());
    await page.getByText('Live', { exact: true }).waitFor();
    expect(await page.getByLabel('Note').inputValue()).toBe('half a thought');
    // The board that was started again asks for another proof of who changes something.
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved beside the run').waitFor();
  });

  it('does not replace what somebody else has written meanwhile, before one has seen that', async () => {
    const run = writeRun(join(cwd, 'noted', 'a'), { objective, metrics: lossCurve(2, 1, 3) });
    const { page, faults } = await boardOf('noted', runHash('noted/a'));
    await page.getByLabel('Note').fill('mine');
    await page.getByText('← all runs').click();
    await writeNotes(run, { revision: 0, tags: [], note: 'theirs' });
    await page.getByRole('link', { name: 'noted/a' }).click();
    await page.getByText('Not saved yet.').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('They are now: theirs. Save again to replace them.').waitFor();
    expect(readNotes(run).notes.note).toBe('theirs');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved beside the run').waitFor();
    expect(readNotes(run).notes).toEqual({ revision: 2, tags: [], note: 'mine' });
    // The browser tells of every answer that is no success.
    expect(faults.filter((fault) => !fault.includes('409'))).toEqual([]);
  });
});

describe.skipIf(whyNoBrowser !== null)('for everybody', () => {
  it.each([1440, 390].flatMap((width) => (['light', 'dark'] as const).map((theme) => [width, theme] as const)))(
    'it is accessible at %i pixels in the %s theme, and no wider than the window',
    async (width, colorScheme) => {
      const options = { colorScheme, viewport: { width, height: 900 } };
      for (const hash of ['', runHash('grid/lr=0.001')]) {
        const { page, faults } = await boardOf('grid', hash, options);
        await page.locator('.canvas canvas').first().waitFor();
        await page.waitForLoadState('networkidle', { timeout: 500 }).catch(() => undefined);
        expect(await violations(page)).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        expect(faults).toEqual([]);
      }
    },
  );

  it('names of any length stay within a telephone', async () => {
    const long = `${'everything_there_is_to_know'.repeat(6)}-rank=16`;
    for (const seed of [0, 1]) {
      writeRun(join(cwd, 'long', `${long}-${seed}`), {
        axes: { [long]: `${long}${seed}` },
        seed,
        headline: [{ metric: `test/${long}`, goal: 'maximize', label: 'r' }],
        metrics: [0, 1].map((step) => ({ step, [`test/${long}`]: step + seed })),
      });
    }
    const { page, faults } = await boardOf('long', '', { viewport: { width: 390, height: 900 } });
    await page.locator('.canvas canvas').waitFor();
    const width = () => page.evaluate('document.documentElement.scrollWidth');
    expect(await width()).toBe(390);
    await page.locator('.runs tbody a').first().click();
    await page.getByLabel('Compare with').first().selectOption({ index: 1 });
    await page.getByRole('region', { name: 'Metrics side by side' }).waitFor();
    expect(await width()).toBe(390);
    expect(faults).toEqual([]);
  });

  it('what a run has written stays text, and asks for nothing', async () => {
    const ATTACKS = [
      '</script><script>window.pwned=1</script>',
      '<img src=x onerror=window.pwned=1>',
      '"><svg onload=window.pwned=1>',
      'javascript:window.pwned=1',
      '\u202Eevil\u0000\u001b[31m\u2028',
    ];
    for (const [i, attack] of ATTACKS.entries()) {
      const directory = writeRun(join(cwd, 'hostile', attack.replace(/[/\0]/g, '_')), {
        axes: { [attack]: attack, lr: i },
        spec: { prompt: attack },
        metrics: [0, 1].map((step) => ({ step, [attack]: step, text: attack })),
        headline: [{ metric: attack, goal: 'minimize', label: attack }],
        state: 'failed',
        error: { code: 'X', message: attack },
      });
      writeText(join(directory, 'logs.log'), ATTACKS.join('\n'));
      writeText(
        join(directory, 'notes.json'),
        JSON.stringify({ schema_version: 1, revision: 1, tags: [attack], note: attack }),
      );
      const turns = [{ role: attack, content: attack }];
      mkdirSync(join(directory, 'iteration_000000'));
      writeText(
        join(directory, 'iteration_000000', 'eval_a_trajectories.jsonl'),
        `${JSON.stringify({ turns, reward: 1, logs: { [attack]: attack } })}\n`,
      );
    }
    const { page, faults, failures } = await boardOf('hostile');
    await page.locator('.canvas canvas').waitFor();
    const links = await page.locator('.runs tbody a').all();
    const hashes = await Promise.all(links.map((link) => link.getAttribute('href')));
    expect(hashes).toHaveLength(ATTACKS.length);
    for (const hash of hashes) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await page.locator('.transcript summary').click();
      await page.getByLabel('Compare with').first().selectOption({ index: 1 });
      await page.getByRole('region', { name: 'Metrics side by side' }).waitFor();
      expect(
        await page
          .locator('img, iframe, object, embed, main script, [onload], [onerror], a[href^="javascript" i]')
          .count(),
      ).toBe(0);
      expect(await page.evaluate(`/[\\u202a-\\u202e\\u0000\\u001b]/.test(document.body.innerText)`)).toBe(false);
    }
    expect(await page.evaluate(`'pwned' in window`)).toBe(false);
    expect(faults).toEqual([]);
    expect(failures).toEqual([]);
  });
});
