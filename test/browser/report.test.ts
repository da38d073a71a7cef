// The report as a page, in a real browser: it shows, filters, sorts and opens, by pointer and by keyboard, and asks nobody for anything.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, whyNoBrowser } from '../../scripts/browser.mjs';
import { writePage } from '../../src/report/page/write_page.ts';
import { answersTo, writeAnswers } from '../report/evaluation_directories.ts';
import {
  lossCurve,
  temporaryDirectory,
  writePythonRun,
  writeRun,
  writeSweep,
  writeText,
} from '../report/run_directories.ts';
import { violations } from './accessible.ts';
import { openPage } from './chromium.ts';

const objective = { metric: 'test/nll', goal: 'minimize', at: 'last' } as const;
const WIDTHS = [1440, 390];
const THEMES = ['light', 'dark'] as const;

let browser: Browser;
let cwd: string;
let remove: () => void;
beforeAll(async () => {
  if (whyNoBrowser !== null) return;
  [cwd, remove] = temporaryDirectory();
  browser = await launch();
  writeGrid();
  writeEvaluations();
});
afterAll(async () => {
  await browser?.close();
  remove?.();
});

/** Two rates, two ranks and three seeds, of which one diverged and one failed. */
function writeGrid(): void {
  const sweep = writeSweep(join(cwd, 'runs/grid'));
  for (const learning_rate of [0.001, 0.01]) {
    for (const lora_rank of [4, 16]) {
      for (const seed of [0, 1, 2]) {
        const name = `learning_rate=${learning_rate},lora_rank=${lora_rank},seed=${seed}`;
        const isLost = learning_rate === 0.01 && lora_rank === 16;
        writeRun(join(sweep, name), {
          axes: { learning_rate, lora_rank },
          seed,
          objective,
          metrics: lossCurve(2.5, 1 - 40 * learning_rate - lora_rank / 200 + seed / 50),
          checkpoints: [{ name: 'final', batch: 40, epoch: 1, final: true }],
          ...(isLost && seed === 0 ? { state: 'diverged' } : {}),
          ...(isLost && seed === 1 ? { state: 'failed', error: { code: 'OOM', message: 'out of memory' } } : {}),
        });
        writeText(join(sweep, name, 'logs.log'), `the log of ${name}\n`);
        if (!isLost || seed !== 1) continue;
        const notes = { schema_version: 1, revision: 1, tags: ['ask <b>us</b>'], note: 'too large for this host' };
        writeText(join(sweep, name, 'notes.json'), JSON.stringify(notes));
      }
    }
  }
}

/** Two models that have answered the same, and one that was asked something else. */
function writeEvaluations(): void {
  const evals = join(cwd, 'runs/grid/evals');
  writeAnswers(join(evals, 'a/sums'), answersTo(40, 30), { 'settings.json': { model: 'ORG/A', seed: 0 } });
  writeAnswers(join(evals, 'b/sums'), answersTo(40, 10), { 'settings.json': { model: '<b>ORG/B</b>', seed: 1 } });
  writeAnswers(join(evals, 'a/words'), answersTo(4, 3), { 'settings.json': { model: 'ORG/A' } }, 'words');
}

/** Of some directories, opened. */
async function pageOf(directories: string[], options: BrowserContextOptions = {}) {
  const file = join(cwd, `${directories.join('_').replaceAll('/', '_')}.html`);
  await writePage({ directories, cwd }, file);
  return { file, ...(await openPage(browser, pathToFileURL(file), options)) };
}

const column = (page: Page, place: number) =>
  page.locator(`.runs tbody tr:not(.details) td:nth-child(${place})`).allTextContents();

describe.skipIf(whyNoBrowser !== null)('the report of a sweep', () => {
  it('has its answer, its charts and its runs, and asks for nothing', async () => {
    const { page, faults } = await pageOf(['runs/grid']);
    expect(await page.locator('.settings dd').allTextContents()).toEqual(['0.01', '4']);
    expect(await page.locator('.problems tbody tr').count()).toBe(2);
    expect(await page.locator('figure svg').count()).toBeGreaterThan(2);
    expect(await page.locator('.runs tbody tr').count()).toBe(12);
    expect(faults).toEqual([]);
  });

  it('shows what evaluations have measured, how sure that is, and how far apart two models are', async () => {
    const { page, faults } = await pageOf(['runs/grid']);
    const cells = async (name: string) => {
      const rows = await page.getByRole('region', { name }).locator('tbody tr').all();
      return await Promise.all(rows.map((row) => row.locator('td').allTextContents()));
    };
    expect(await cells('Evaluations of sums')).toEqual([
      ['ORG/A', '', '0.75', '0.598 to 0.858', '40', '', '', ''],
      ['<b>ORG/B</b>', '', '0.25', '0.142 to 0.402', '40', '-0.5 (-0.65 to -0.35)', '1.91e-6', 'other seed'],
    ]);
    expect(await cells('Evaluations of words')).toEqual([['ORG/A', '', '0.75', '0.301 to 0.954', '4', '']]);
    expect(await page.locator('.contents a[href="#evaluations"]').count()).toBe(1);
    expect(faults).toEqual([]);
  });

  it('filters by text, by state and by axis, and says how many are left', async () => {
    const { page, faults } = await pageOf(['runs/grid']);
    await page.getByLabel('Find', { exact: true }).fill('OUT OF');
    expect(await column(page, 2)).toEqual(['failed']);
    await page.getByLabel('Find', { exact: true }).fill('ASK <B>');
    expect(await page.locator('.runs .tag').allTextContents()).toEqual(['ask <b>us</b>']);
    await page.getByLabel('Find', { exact: true }).fill('');
    await page.getByRole('combobox', { name: 'lora_rank' }).selectOption({ label: '16' });
    await page.getByRole('combobox', { name: 'state' }).selectOption({ label: 'done' });
    expect(await column(page, 4)).toEqual(['16', '16', '16', '16']);
    expect(await page.locator('.runs [role=status]').textContent()).toBe('4 of 12 runs');
    expect(faults).toEqual([]);
  });

  it('sorts by a column, both ways, and says so to who does not see it', async () => {
    const { page } = await pageOf(['runs/grid']);
    const button = page.locator('.runs').getByRole('button', { name: 'test/nll' });
    const values = async () => (await column(page, 6)).map(Number);
    await button.click();
    const rising = await values();
    expect(rising).toEqual(rising.toSorted((a, b) => a - b));
    expect(await page.locator('.runs th[aria-sort]').getAttribute('aria-sort')).toBe('ascending');
    await button.click();
    expect(await values()).toEqual(rising.toReversed());
    expect(await page.locator('.runs th[aria-sort]').getAttribute('aria-sort')).toBe('descending');
  });

  it('opens a run: its metrics, what sets it apart, its checkpoints, its error and the end of its log', async () => {
    const { page } = await pageOf(['runs/grid']);
    await page.getByRole('combobox', { name: 'state' }).selectOption({ label: 'failed' });
    await page.locator('.runs .open').first().click();
    const details = (await page.locator('.details').textContent()) ?? '';
    for (const text of [
      'out of memory',
      'too large for this host',
      'train_mean_nll',
      'learning_rate0.01',
      'final',
      'the log of learning_rate=0.01',
    ]) {
      expect(details).toContain(text);
    }
    await page.locator('.runs .open').first().click();
    expect(await page.locator('.details').count()).toBe(0);
  });

  it('shows what a mark of a chart stands for, and lets a chart grow', async () => {
    const { page, faults } = await pageOf(['runs/grid'], { reducedMotion: 'reduce' });
    const mark = page.locator('.chart:visible [aria-roledescription="circle"]').last();
    await mark.hover({ force: true });
    expect(await page.locator('#tip').textContent()).toMatch(/test\/nll /);
    await page.locator('.enlarge').first().click();
    const seen = () => page.locator('dialog svg').first().getAttribute('viewBox');
    const whole = await seen();
    await page.keyboard.press('+');
    expect(await seen()).not.toBe(whole);
    await page.keyboard.press('0');
    expect(await seen()).toBe(whole);
    await page.keyboard.press('Escape');
    expect(await page.locator('dialog').isVisible()).toBe(false);
    expect(faults).toEqual([]);
  });

  it('is all within reach of the keyboard', async () => {
    const { page } = await pageOf(['runs/grid']);
    const all = await page.evaluate<number>(`{
      const found = [...document.querySelectorAll('a, button, input, select, summary, [tabindex="0"]')];
      const seen = found.filter((each) => each.checkVisibility() && !each.matches(':disabled'));
      for (const [i, each] of seen.entries()) each.setAttribute('data-place', String(i));
      seen.length;
    }`);
    const reached = new Set<string>();
    for (let i = 0; i < all; i++) {
      await page.keyboard.press('Tab');
      reached.add(await page.evaluate<string>(`document.activeElement.getAttribute('data-place') ?? ''`));
    }
    expect(reached.size).toBe(all);
    await page.locator('.runs .open').first().focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('.details').count()).toBe(1);
  });

  it.each(WIDTHS.flatMap((width) => THEMES.map((theme) => [width, theme] as const)))(
    'is accessible at %i pixels in the %s theme, and no wider than the window',
    async (width, colorScheme) => {
      const { page, faults } = await pageOf(['runs/grid'], { colorScheme, viewport: { width, height: 900 } });
      await page.locator('.runs .open').first().click();
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      expect(faults).toEqual([]);
    },
  );

  it('changes its theme by a button', async () => {
    const { page } = await pageOf(['runs/grid'], { colorScheme: 'light' });
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await ground();
    await page.locator('#theme').click();
    await page.locator('#theme').click();
    expect(await page.locator('#theme').textContent()).toBe('Theme: dark');
    expect(await ground()).not.toBe(light);
  });

  it('prints without what only a screen can use', async () => {
    const { page } = await pageOf(['runs/grid'], { colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print' });
    expect(
      await page.locator('.filter, .bar, .enlarge').evaluateAll((all) => all.some((each) => each.checkVisibility())),
    ).toBe(false);
    expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(0, 0, 0)');
  });
});

describe.skipIf(whyNoBrowser !== null)('the report of many runs', () => {
  it('shows them in pages, and without script a sample that says it is one', async () => {
    const sweep = writeSweep(join(cwd, 'runs/many'));
    for (let seed = 0; seed < 120; seed++) {
      writeRun(join(sweep, `run-${seed}`), {
        axes: { lr: 1 + (seed % 40) },
        seed,
        objective,
        metrics: lossCurve(2, 1 + seed / 100, 3),
      });
    }
    const { page, file, faults } = await pageOf(['runs/many']);
    expect(await page.locator('.runs tbody tr').count()).toBe(50);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: 'Next' }).click();
    expect(await page.locator('.pages').textContent()).toBe('Previous101–120 of 120Next');
    expect(await page.locator('.runs tbody tr').count()).toBe(20);
    expect(faults).toEqual([]);
    const still = await openPage(browser, pathToFileURL(file), { javaScriptEnabled: false });
    expect(await still.page.locator('noscript caption').textContent()).toContain('A sample: the first 50 of 120 runs');
  });
});

describe.skipIf(whyNoBrowser !== null)('what others have written', () => {
  const ATTACKS = [
    '</script><script>window.pwned=1</script>',
    '<img src=x onerror=window.pwned=1>',
    '"><svg onload=window.pwned=1>',
    "' onfocus=window.pwned=1 autofocus x='",
    "{{constructor.constructor('window.pwned=1')()}}",
    'javascript:window.pwned=1',
    '\u202Eevil\u0000\u001b[31m\u2028]]><!--',
  ];

  it('runs nothing, loads nothing and turns nothing around, wherever it stands', async () => {
    const sweep = writeSweep(join(cwd, 'runs/hostile'));
    for (const [i, attack] of ATTACKS.entries()) {
      const metrics = [0, 1].map((step) => ({ step, 'test/nll': 2 - step + i, [attack]: 1 + step, text: attack }));
      const directory = writeRun(join(sweep, attack.replace(/[/\0]/g, '_')), {
        axes: { [attack]: attack, lr: i },
        spec: { prompt: attack },
        objective,
        metrics,
        checkpoints: [{ name: attack, batch: 1, epoch: 0 }],
        headline: [{ metric: attack, goal: 'minimize', label: attack }],
        ...(i === 1 ? { state: 'failed', error: { code: 'X', message: ATTACKS.join('\n') } } : {}),
      });
      writeText(join(directory, 'logs.log'), ATTACKS.join('\n'));
      writeText(join(directory, 'code.diff'), `diff --git a/x b/x\n+${attack}\n`);
    }
    for (const [i, attack] of ATTACKS.entries()) {
      const settings = { 'settings.json': { model: attack, [attack]: i } };
      writeAnswers(join(sweep, `evals/${i}`), answersTo(3, i % 3), settings, ATTACKS[0]);
    }
    const { page, file, faults } = await pageOf(['runs/hostile']);
    for (const button of await page.locator('.runs .open').all()) await button.click();
    await page.locator('.diff summary').first().click();
    for (const mark of (await page.locator('figure .drawing [role="graphics-symbol"]').all()).slice(0, 5)) {
      await mark.hover({ force: true, timeout: 2000 }).catch(() => undefined);
    }
    for (const button of await page.locator('.runs .sort').all()) await button.click();
    expect(await page.evaluate(`'pwned' in window`)).toBe(false);
    expect(
      await page.locator('img, iframe, object, embed, [onload], [onerror], [onfocus], a[href^="javascript" i]').count(),
    ).toBe(0);
    expect(await page.locator('script').count()).toBe(2);
    expect(readFileSync(file, 'utf8')).not.toMatch(/[\u202a-\u202e\u2066-\u2069]|(?!\n)\p{Cc}/u);
    expect(await page.evaluate(`document.documentElement.innerText.includes('\\u202e')`)).toBe(false);
    expect(faults).toEqual([]);
  });

  it('is shown for runs of the Python cookbook, several tables and a single run', async () => {
    writePythonRun(join(cwd, 'runs/python/a'), { model_name: 'm', learning_rate: 1 }, lossCurve(2, 1));
    writePythonRun(join(cwd, 'runs/python/b'), { model_name: 'm', learning_rate: 2 }, lossCurve(2, 0.5), [
      { name: 'final', batch: 40 },
    ]);
    const both = await pageOf(['runs/python', 'runs/grid']);
    expect(await both.page.locator('section.study').count()).toBe(2);
    expect(await both.page.locator('.contents > ol > li').allTextContents()).toHaveLength(4);
    expect(await violations(both.page)).toEqual([]);
    expect(both.faults).toEqual([]);
    const single = await pageOf(['runs/python/b']);
    expect(await single.page.locator('h2').allTextContents()).toEqual(
      expect.arrayContaining(['How it stands', 'Metrics', 'Configuration', 'Checkpoints', 'Provenance']),
    );
    expect(await violations(single.page)).toEqual([]);
    expect(single.faults).toEqual([]);
  });
});
