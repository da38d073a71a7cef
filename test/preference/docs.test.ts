// docs/preferences.md: its tables of losses and its rows are those of the code.

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { COMPARISON_FORMATS, comparisonReader } from '../../src/preference/data/rows.ts';
import { ratedReader, unpairedReader } from '../../src/preference/data/unpaired_rows.ts';
import { preferenceLossDocs } from '../../src/preference/losses/docs.ts';
import { PREFERENCE_LOSS_NAMES } from '../../src/preference/losses/table.ts';
import { isJsonObject } from '../../src/util/json.ts';
import { pageText, ROOT } from '../support/docs.ts';
import { withLossTables } from '../support/loss_tables.ts';

const PAGE = 'docs/preferences.md';

it('the tables of the page are those of the code (npx vitest run test/preference/docs -u writes them)', async () => {
  const written = withLossTables(pageText(PAGE), preferenceLossDocs());
  await expect(written).toMatchFileSnapshot(join(ROOT, PAGE));
  for (const name of PREFERENCE_LOSS_NAMES) expect(written).toContain(`| \`${name}\` |`);
});

it('a row that was judged, and one that was rated, by itself are as the page has them', () => {
  const [, table = ''] = /<!-- one by one -->(.*?)<!-- end -->/s.exec(pageText(PAGE)) ?? [];
  const rows = new Map(
    [...table.matchAll(/^\| `(\w+)` .*\| `(\{.*\})` +\|$/gm)].map(([, builder, text = '']) => [builder, text]),
  );
  const read = { unpaired_file: unpairedReader({ columns: null }), rated_file: ratedReader({ columns: null }) };
  expect([...rows.keys()]).toEqual(Object.keys(read));
  for (const [builder, reader] of Object.entries(read)) {
    const row: unknown = JSON.parse(rows.get(builder) ?? '');
    expect(isJsonObject(row) && reader(row)).toMatchObject({
      prompt: [{ role: 'user', content: 'Capital of France?' }],
      completion: [{ role: 'assistant', content: 'Paris.' }],
    });
  }
});

it('every format has a row on the page, and all rows say the same', () => {
  const [, table = ''] = /<!-- rows -->(.*?)<!-- end -->/s.exec(pageText(PAGE)) ?? [];
  const rows = [...table.matchAll(/^\| `(\w+)` .*\| `(\{.*\})` +\|$/gm)].map(([, format, text]) => ({ format, text }));
  expect(rows.map(({ format }) => format)).toEqual(COMPARISON_FORMATS.filter((format) => format !== 'auto'));
  for (const { text = '' } of rows) {
    const row: unknown = JSON.parse(text);
    expect(isJsonObject(row) && comparisonReader({ format: 'auto', columns: null }).read(row)).toEqual({
      comparison: {
        prompt_conversation: [{ role: 'user', content: 'Capital of France?' }],
        completion_A: [{ role: 'assistant', content: 'Paris.' }],
        completion_B: [{ role: 'assistant', content: 'Lyon.' }],
      },
      label: 'A',
    });
  }
});
