// Heads of configs: what is read from them, and what is told of those that say too little.

import { expect, it } from 'vitest';
import { measuredText, readHead } from '../../src/shelf/head.ts';

const HEAD = `# yaml-language-server: $schema=../schemas/run.schema.json
# Sums from sl_basic.yaml, up to 50. And more:
# of that.
#
#   npx cookbook run configs/first.yaml
#   npx cookbook run configs/sums.yaml      # and what that is
#
# measured: env/correct 0.541 (sd 0.028) -> 1,234.5 (sd 1e-3), seeds 0 to 2; in 40 steps,
#   at most
# measured: test/nll 0.2, seed 0
# control: an oracle has 1
# published: 0.52 (in all) -> 0.94 (a model (9B) on sums)
# published: 0.52 -> 0.94 (Qwen on sums)
# takes: 90 s

trainer: rl # measured: test/nll 1, seed 0
`;

it('reads a head as data', () => {
  const { head, problems } = readHead(HEAD);
  expect(problems).toMatchInlineSnapshot(`
    [
      ""published: 0.52 (in all) -> 0.94 (a model (9B) on sums)" does not end in the model and the data that it was measured with, in parentheses",
    ]
  `);
  expect({ ...head, text: head.text.split('\n').length }).toMatchInlineSnapshot(`
    {
      "commands": [
        "cookbook run configs/first.yaml",
        "cookbook run configs/sums.yaml",
      ],
      "controls": [
        "an oracle has 1",
      ],
      "measured": [
        {
          "after": {
            "sd": 0.001,
            "text": "1,234.5",
            "value": 1234.5,
          },
          "before": {
            "sd": 0.028,
            "text": "0.541",
            "value": 0.541,
          },
          "metric": "env/correct",
          "remark": "in 40 steps, at most",
          "seeds": "0 to 2",
        },
        {
          "after": {
            "sd": null,
            "text": "0.2",
            "value": 0.2,
          },
          "before": null,
          "metric": "test/nll",
          "remark": null,
          "seeds": "0",
        },
      ],
      "published": [
        {
          "figure": "0.52 -> 0.94",
          "setting": "Qwen on sums",
        },
      ],
      "shows": "Sums from sl_basic.yaml, up to 50.",
      "takes": "90 s",
      "text": 13,
      "unmeasured": null,
    }
  `);
  expect(head.measured.map(measuredText)).toMatchInlineSnapshot(`
    [
      "env/correct 0.541 → 1,234.5 (sd 0.001), seeds 0 to 2",
      "test/nll 0.2, seed 0",
    ]
  `);
});

it.each([
  [
    '',
    [
      'it has no sentence that says what it shows',
      'it has no command, on a line that begins with "#   npx cookbook"',
      'it has no line "measured:"',
    ],
  ],
  ['# Short.\n#\n#   npx cookbook run configs/a.yaml\n#\n# measured: none; it writes data\ntrainer: rl\n', []],
  [
    `# ${'Long '.repeat(50)}.\n#\n#   npx cookbook run a.yaml\n#\n# measured: test/nll falls\n`,
    [
      '"measured: test/nll falls" is not METRIC BEFORE -> AFTER (sd X), seeds 0 to 2',
      'its first sentence has more than 200 characters',
      'it has no line "measured:"',
    ],
  ],
])('tells what is wrong with %j', (text, problems) => {
  expect(readHead(text).problems).toEqual(problems);
});
