// Forecasts in words: how they are read and rewarded, and the rows of Prophet Arena.

import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FORECAST_SCORES, forecastReward, parseForecast } from '../../../src/recipes/forecasting/forecast.ts';
import { readProphetArena, readSnapshot } from '../../../src/recipes/forecasting/prophet_arena.ts';
import { structuredValue } from '../../../src/recipes/forecasting/python_literal.ts';

describe('a reply', () => {
  it.each([
    ['0.35', 0.35],
    ['Well.\n\nProbability of YES: 35%\n', 0.35],
    ['**Final answer:** .7.', 0.7],
    ['**0.2**', 0.2],
    ['3e-2!', 0.03],
    ['Forecast = 1', 1],
    ['100%', 1],
    ['0.3\nThat is all.', null],
    ['1.2', null],
    ['-0.1', null],
    ['about 0.3', null],
    ['', null],
  ])('%j says %j', (reply, p) => {
    expect(parseForecast(reply)).toBe(p);
  });

  it('is read in no time, whatever it is', () => {
    const began = process.cpuUsage().user;
    expect(parseForecast(`${' *_'.repeat(50_000)}0.3${' '.repeat(50_000)}x`)).toBeNull();
    expect(parseForecast(`${'1'.repeat(500_000)}x`)).toBeNull();
    expect(process.cpuUsage().user - began).toBeLessThan(2_000_000);
  });
});

describe.each(FORECAST_SCORES)('the reward by %s', (score) => {
  it('is from 0 to 1, and in expectation highest for the true probability', () => {
    const share = fc.double({ min: 0.02, max: 0.98, noNaN: true });
    fc.assert(
      fc.property(share, fc.double({ min: 0, max: 1, noNaN: true }), (truth, p) => {
        const expected = (said: number) =>
          truth * forecastReward(score, said, 1) + (1 - truth) * forecastReward(score, said, 0);
        expect(expected(p)).toBeLessThanOrEqual(expected(truth) + 1e-12);
        for (const y of [0, 1]) {
          expect(forecastReward(score, p, y)).toBeGreaterThanOrEqual(0);
          expect(forecastReward(score, p, y)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

const row = (changes: Record<string, string>) => ({
  event_ticker: 'E1',
  submission_id: 'S1',
  title: 'A race',
  category: 'Sports',
  markets: '["Anna", "Ben"]',
  market_outcome: '{"Anna": 1, "Ben": 0}',
  sources:
    "[{'title': \"It's on\", 'summary': 'Anna leads.', 'ranking': 2}, {'title': 'Before', 'summary': 'None of it', 'ranking': 1}]",
  snapshot_time: '2025-09-01T10:00:00+00:00',
  close_time: '2025-09-02T10:00:00Z',
  ...changes,
});

describe('Prophet Arena', () => {
  it('is a question for each market, without prices and outcomes', () => {
    const [first] = readSnapshot({ ...row({}), market_data: '{"Anna": {"yes_ask": 77}}' });
    expect(first.decision.text).toMatchInlineSnapshot(`
      "Forecast whether this market will resolve YES using information available through 2025-09-01T10:00:00.000Z.

      Event:
      A race

      Market:
      Anna

      Reference material:
      1. Before
      None of it

      2. It's on
      Anna leads.

      Resolution criteria:
      The market resolves YES if this condition occurs: Anna.

      Market close time: 2025-09-02T10:00:00.000Z"
    `);
    expect(first.decision.target).toEqual([1, 0]);
    expect(first.decision.tags).toEqual(['prophet-arena', 'Sports']);
  });

  it.each([
    [{ snapshot_time: '2025-09-03T10:00:00Z' }, 'snapshot_time: must be before close_time'],
    [{ close_time: '2025-09-02 10:00:00' }, 'close_time: must be a time with its zone'],
    [{ market_outcome: '{"Anna": 1}' }, 'market_outcome: of "Ben" must be 0 or 1'],
    [{ markets: '[' }, 'markets: is neither JSON nor a value of Python'],
    [{ sources: '[]' }, 'sources: must be a list with something in it'],
  ])('%j is refused', (changes, message) => {
    expect(() => readSnapshot(row(changes))).toThrow(message);
  });

  it('keeps each event on one side of the split, and takes its first snapshot', async () => {
    const file = join(tmpdir(), `prophet-${process.pid}.jsonl`);
    const rows = [
      row({ submission_id: 'late', snapshot_time: '2025-09-01T12:00:00Z', title: 'A later look' }),
      row({}),
      row({ event_ticker: 'E2', snapshot_time: '2025-10-01T00:00:00Z', close_time: '2025-11-01T00:00:00Z' }),
      row({ event_ticker: 'E3', snapshot_time: '2025-10-21T00:00:00Z', close_time: '2025-11-01T00:00:00Z' }),
    ];
    await writeFile(file, rows.map((each) => `${JSON.stringify(each)}\n`).join(''));
    const params = {
      file_path: file,
      split_date: '2025-10-20',
      max_train_questions: null,
      max_test_questions: 1,
      on_bad_row: 'error' as const,
    };
    const { train, test } = await readProphetArena(params, { seed: 0, warn: () => undefined });
    expect(train.map(({ text }) => /A race|A later look/.exec(text)?.[0])).toEqual(['A race', 'A race']);
    expect(test).toHaveLength(1);
  });
});

describe('values of Python', () => {
  it.each([
    ["{'a': None, 'b': [True, False]}", { a: null, b: [true, false] }],
    [`['it''s']`, undefined],
    [`["it's None", 'say "True"', 'a\\nb']`, ["it's None", 'say "True"', 'a\nb']],
    ['{"a": 1}', { a: 1 }],
  ])('%s', (text, value) => {
    if (value === undefined) expect(() => structuredValue(text)).toThrow();
    else expect(structuredValue(text)).toEqual(value);
  });
});
