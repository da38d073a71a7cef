// What a run of the checks has found, as people read it.

import { expect, it } from 'vitest';
import { isSound, missingBy, reportLines } from '../../src/conformance/report.ts';
import type { Finding } from '../../src/conformance/suite.ts';
import { EVERY, NONE, since } from '../../src/conformance/versions.ts';

const passed: Finding = {
  id: 'training/loss-falls',
  shows: 'a new adapter learns',
  needed: EVERY,
  outcome: { state: 'passed' },
};
const failed: Finding = {
  id: 'samplers/sequence-ids',
  shows: 'each sample has a name, which is promised at once and stays the same for the same request',
  needed: since('0.38.0'),
  outcome: { state: 'failed', reason: '1 sample_sequence_ids for 3 samples' },
};
const lacking: Finding = {
  id: 'losses/dro',
  shows: 'dro has the value and the gradient of its formula',
  needed: EVERY,
  outcome: { state: 'unsupported', reason: 'POST /api/v1/forward_backward: HTTP 400: loss_fn: "dro" is not known' },
};
const extra: Finding = { ...lacking, id: 'extras/inflight', needed: NONE };
const skipped: Finding = {
  ...passed,
  id: 'sampling/stop-nothing',
  outcome: { state: 'skipped', reason: 'no sample ended' },
};

it('is a table of at most 80 columns, with reasons below it', () => {
  const lines = reportLines([passed, failed, lacking, extra, skipped]);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
    "
    needed by SDK                   0.16.1  0.18.2  0.22.0  0.24.1  0.25.0  0.38.0
    training/loss-falls             yes     yes     yes     yes     yes     yes
    samplers/sequence-ids           ·       ·       ·       ·       ·       FAILS
    losses/dro                      no      no      no      no      no      no
    sampling/stop-nothing           skipped skipped skipped skipped skipped skipped
    works                           NO      NO      NO      NO      NO      NO

    needed by no SDK
    extras/inflight                   no

    Fails
      samplers/sequence-ids
        It should be that each sample has a name, which is promised at once and
        stays the same for the same request.
        1 sample_sequence_ids for 3 samples

    Is not there
      losses/dro
        POST /api/v1/forward_backward: HTTP 400: loss_fn: "dro" is not known
      extras/inflight
        POST /api/v1/forward_backward: HTTP 400: loss_fn: "dro" is not known

    Could not be checked
      sampling/stop-nothing
        no sample ended

    5 checks: 1 passed, 1 failed, 2 unsupported, 1 skipped.
    "
  `);
});

it('tells what stands in the way of each version', () => {
  const missing = missingBy([passed, failed, lacking, extra, skipped]);
  expect(missing['0.25.0']).toEqual(['losses/dro']);
  expect(missing['0.38.0']).toEqual(['samplers/sequence-ids', 'losses/dro']);
});

it('is sound where nothing fails, and only what nobody needs is not there', () => {
  expect(isSound([passed, extra, skipped])).toBe(true);
  expect(isSound([passed, lacking])).toBe(false);
  expect(isSound([passed, { ...extra, outcome: { state: 'failed', reason: 'wrong' } }])).toBe(false);
});

it('does not say that a version works while checks are left out', () => {
  const works = (isWhole: boolean) => reportLines([passed, failed], isWhole).find((line) => line.startsWith('works'));
  expect(works(true)).toBe('works                           yes     yes     yes     yes     yes     NO');
  expect(works(false)).toBe('works                           ?       ?       ?       ?       ?       NO');
});
