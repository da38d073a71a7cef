// Pieces that several sections of the page share: headings, states, numbers, and tables that scroll.

import { html } from 'hono/html';
import type { SeenState } from '../../../run_files/types.ts';
import { formatNumber } from '../../format.ts';
import type { StateCount } from '../states.ts';

/** Text that is escaped already. */
export type Html = ReturnType<typeof html>;

export const NOTHING = html``;

/** @param level of the heading: sections of a page with several studies lie one deeper */
export function heading(level: 2 | 3 | 4, id: string, text: unknown): Html {
  if (level === 2) return html`<h2 id="${id}">${text}</h2>`;
  return level === 3 ? html`<h3 id="${id}">${text}</h3>` : html`<h4 id="${id}">${text}</h4>`;
}

/** Beside the word and the color, for who sees no colors: which sign it is, the style says. */
const SIGN = html`<span class="sign" aria-hidden="true"></span>`;

export function stateText(state: SeenState): Html {
  return html`<span class="state ${state}">${SIGN}${state}</span>`;
}

export function stateList(states: readonly StateCount[]): Html {
  return html`<ul class="states">${states.map(
    ({ state, n }) => html`<li class="state ${state}">${SIGN}<b>${n}</b> ${state}</li>`,
  )}</ul>`;
}

/** A number of three digits, as intervals are given. */
export function roughly(value: number): string {
  return formatNumber(Number(value.toPrecision(3)));
}

/** Wide tables scroll within themselves, also by keyboard. */
export function scrolling(label: string, table: Html): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${table}</div>`;
}
