// What a question tells, in bits, and what the best question would tell.

import type { TraitTable } from './table.ts';

/** What can still be: the places of things in the table. */
export type Left = readonly number[];

/** Bits of a question that is true of `yes` of `all` things that are as likely. */
export function bitsOf(yes: number, all: number): number {
  const share = yes / all;
  return share === 0 || share === 1 ? 0 : -share * Math.log2(share) - (1 - share) * Math.log2(1 - share);
}

export const bitsOfTrait = (table: TraitTable, left: Left, trait: number): number =>
  bitsOf(left.filter((thing) => table.isTrue(thing, trait)).length, left.length);

/** A guess is a question about one thing. */
export const bitsOfGuess = (table: TraitTable, left: Left, thing: string): number =>
  left.some((place) => table.things[place] === thing) ? bitsOf(1, left.length) : 0;

/** Of the questions about a trait and the guesses; 0 where one thing is left. */
export function mostBits(table: TraitTable, left: Left): number {
  return Math.max(bitsOf(1, left.length), ...table.traits.map((_, trait) => bitsOfTrait(table, left, trait)));
}

/** The trait whose question tells most, by its place; of several the first, so that the best player always asks the same. */
export function bestTrait(table: TraitTable, left: Left): number {
  const bits = table.traits.map((_, trait) => bitsOfTrait(table, left, trait));
  return bits.indexOf(Math.max(...bits));
}

/** Turns in which whoever always asks the best question finds any thing, its guess included. */
export function turnsOfBestPlay(table: TraitTable, left: Left = table.things.map((_, thing) => thing)): number {
  if (left.length === 1) return 1;
  const best = bestTrait(table, left);
  const [yes, no] = [true, false].map((answer) => left.filter((thing) => table.isTrue(thing, best) === answer));
  return 1 + Math.max(turnsOfBestPlay(table, yes), turnsOfBestPlay(table, no));
}
