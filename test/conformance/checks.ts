// The checks as tests, one each.

import { afterAll, expect, it } from 'vitest';
import { ApiKit, type ApiTarget } from '../../src/conformance/api/bench.ts';
import { type Bench, type Check, outcomeOf } from '../../src/conformance/check.ts';
import { API_CHECKS, type ServerTarget, WIRE_CHECKS } from '../../src/conformance/suite.ts';
import { WireKit } from '../../src/conformance/wire/kit.ts';

const LIMIT_MS = 100_000;

export function testApi(target: ApiTarget): void {
  const kit = new ApiKit(target);
  afterAll(() => kit.close());
  test(API_CHECKS, kit.bench);
}

export function testServer(target: ServerTarget): void {
  const kit = new WireKit(target);
  afterAll(() => kit.close());
  test(WIRE_CHECKS, kit.bench);
  testApi(target);
}

/** What no SDK needs may be missing, if that is said. */
function test<Tools extends Bench>(checks: readonly Check<Tools>[], open: () => Tools): void {
  it.each(checks)('$id: $shows', async (check) => {
    const outcome = await outcomeOf(check, open, { limitMs: LIMIT_MS });
    const allowed = check.needed.length === 0 ? ['passed', 'unsupported', 'skipped'] : ['passed'];
    expect(allowed, 'reason' in outcome ? outcome.reason : '').toContain(outcome.state);
  });
}
