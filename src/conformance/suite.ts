// All checks in their order, and what one run of them over a service comes to.

import type { HttpServiceClient } from '../tinker/http/service.ts';
import { type ApiBench, ApiKit } from './api/bench.ts';
import { CHECKPOINT_CHECKS } from './api/checkpoints.ts';
import { LOSS_CHECKS } from './api/losses.ts';
import { SAMPLING_CHECKS } from './api/sampling.ts';
import { TRAINING_CHECKS } from './api/training.ts';
import { type Bench, type Check, givenBack, groupOf, type Outcome, outcomeOf } from './check.ts';
import type { SdkVersion } from './versions.ts';
import type { WireTarget } from './wire/bench.ts';
import { WIRE_CHECKPOINT_CHECKS } from './wire/checkpoints.ts';
import { EXTRA_CHECKS } from './wire/extras.ts';
import { WireKit, type WireTools } from './wire/kit.ts';
import { REQUEST_CHECKS } from './wire/requests.ts';
import { SAMPLER_CHECKS } from './wire/samplers.ts';
import { SESSION_CHECKS } from './wire/sessions.ts';
import { DIALECT_CHECKS } from './wire/walk.ts';

/** Of any service, the engine in this process too. */
export const API_CHECKS: readonly Check<ApiBench>[] = [
  ...TRAINING_CHECKS,
  ...LOSS_CHECKS,
  ...CHECKPOINT_CHECKS,
  ...SAMPLING_CHECKS,
];

/** Of servers. */
export const WIRE_CHECKS: readonly Check<WireTools>[] = [
  ...DIALECT_CHECKS,
  ...SESSION_CHECKS,
  ...REQUEST_CHECKS,
  ...WIRE_CHECKPOINT_CHECKS,
  ...SAMPLER_CHECKS,
  ...EXTRA_CHECKS,
];

export const GROUPS: readonly string[] = [...new Set([...API_CHECKS, ...WIRE_CHECKS].map(groupOf))];

export interface Finding {
  id: string;
  shows: string;
  needed: readonly SdkVersion[];
  outcome: Outcome;
}

export interface ServerTarget extends WireTarget {
  /** A client of its own for each check. */
  open(): HttpServiceClient;
}

export interface SuiteOptions {
  /** Null: all. */
  groups: readonly string[] | null;
  limitMs: number;
  signal: AbortSignal;
  /** Told of each check as it ends, and how many have ended of how many. */
  ended(finding: Finding, done: number, total: number): void;
}

/** One check after the other; an abort ends the one that runs and leaves out the others. What was made is given back in any case. */
export async function runSuite(target: ServerTarget, options: SuiteOptions): Promise<Finding[]> {
  const { groups, limitMs, signal, ended } = options;
  const findings: Finding[] = [];
  const isAsked = (check: { id: string }) => groups === null || groups.includes(groupOf(check));
  const total = [...WIRE_CHECKS, ...API_CHECKS].filter(isAsked).length;
  const run = async <Tools extends Bench>(checks: readonly Check<Tools>[], open: () => Tools) => {
    for (const check of checks) {
      if (signal.aborted || !isAsked(check)) continue;
      const { id, shows, needed } = check;
      const finding = { id, shows, needed, outcome: await outcomeOf(check, open, { limitMs, signal }) };
      findings.push(finding);
      ended(finding, findings.length, total);
    }
  };
  const [wire, api] = [new WireKit(target), new ApiKit(target)];
  try {
    await run(WIRE_CHECKS, wire.bench);
    await run(API_CHECKS, api.bench);
  } finally {
    await Promise.all([wire, api].map(givenBack));
  }
  return findings;
}
