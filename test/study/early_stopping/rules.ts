// The rules as a sweep file names them, for tests of what they decide.

import { Registry } from '../../../src/registry/registry.ts';
import type { PlainRef } from '../../../src/registry/slot.ts';
import { earlyStoppingRules } from '../../../src/study/early_stopping/rules.ts';
import { type Curve, type EarlyStopping, earlyStoppingSlot, type Rung } from '../../../src/study/types.ts';

type OfKind<Kind extends EarlyStopping['kind']> = Extract<EarlyStopping, { kind: Kind }>;

const build = (ref: PlainRef): Promise<EarlyStopping> =>
  new Registry(earlyStoppingRules).build(earlyStoppingSlot, ref, {});

export async function curveRule(ref: PlainRef): Promise<OfKind<'curve'>> {
  const rule = await build(ref);
  if (rule.kind !== 'curve') throw new TypeError(`${ref.builder} is no rule of curves`);
  return rule;
}

export async function rungsRule(ref: PlainRef): Promise<OfKind<'rungs'>> {
  const rule = await build(ref);
  if (rule.kind !== 'rungs') throw new TypeError(`${ref.builder} is no rule of rungs`);
  return rule;
}

/** A value each step, from step 1 on. */
export function curve(trial: number, values: readonly number[], isOver = false): Curve {
  return { trial, isOver, values: values.map((value, index) => ({ step: index + 1, value })) };
}

export const finished = (trial: number, values: readonly number[]): Curve => curve(trial, values, true);

/** What was reached, and who of it has gone on, as a driver of a sweep keeps it. */
export class Rungs {
  readonly reached: Rung[] = [];
  readonly #promoted = new Set<Rung>();

  reach(trial: number, rung: number, value: number): void {
    this.reached.push({ trial, rung, value });
  }

  get waiting(): Rung[] {
    return this.reached.filter((rung) => !this.#promoted.has(rung));
  }

  at(rung: number): Rung[] {
    return this.reached.filter((reached) => reached.rung === rung);
  }

  /** Asks the rule, and does what it says. */
  promote(rule: OfKind<'rungs'>, isSettled = false): Rung | null {
    const trial = rule.promote(this.reached, this.waiting, isSettled);
    if (trial === null) return null;
    const rung = this.waiting.filter((waiting) => waiting.trial === trial).at(-1);
    if (rung === undefined) throw new RangeError(`trial ${trial} does not wait`);
    this.#promoted.add(rung);
    return rung;
  }
}
