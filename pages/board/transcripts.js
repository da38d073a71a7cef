// What a run's models were shown and said: of a step, or found by a text.

import { element } from '../shared/elements.js';
import { countText, numberText } from '../shared/numbers.js';
import { ask, messageOf } from './ask.js';
import { factsElement } from './parts.js';

/** @typedef {import('../../src/board/transcript_view.ts').TranscriptView} TranscriptView */

const SHOWN_AT_FIRST = 10;
const SEARCH_MS = 400;

/**
 * Of one step at a time, or of all that a search finds something in.
 * @param {string} run
 */
export function transcriptsElement(run) {
  const list = element('div');
  const told = element('p', { class: 'soft', 'aria-live': 'polite' });
  const files = element('select', { 'aria-label': 'Step', onchange: () => read() });
  const search = element('input', {
    type: 'search',
    placeholder: 'Search what was said',
    'aria-label': 'Search transcripts',
    oninput: () => {
      clearTimeout(timer);
      timer = window.setTimeout(read, SEARCH_MS);
    },
  });
  let timer = 0;
  let asked = 0;
  const read = async () => {
    asked += 1;
    const own = asked;
    told.textContent = 'Reading…';
    try {
      const file = search.value === '' ? files.value || null : null;
      /** @type {TranscriptView} */
      const view = await ask('/api/transcripts', { run, file, text: search.value });
      if (own !== asked) return;
      if (files.options.length === 0) files.append(...view.files.map(fileOption));
      files.hidden = view.files.length === 0;
      search.hidden = files.hidden;
      told.replaceChildren(element('span', {}, summaryText(view)));
      list.replaceChildren(...listed(view));
    } catch (error) {
      if (own === asked) told.textContent = messageOf(error);
    }
  };
  void read();
  return element('div', {}, element('div', { class: 'controls' }, files, search), told, list);
}

/** @param {TranscriptView['files'][number]} file */
const fileOption = ({ path, step, label }) =>
  element('option', { value: path }, `${label}${step === null ? '' : `, step ${step}`} · ${path}`);

/** @param {TranscriptView} view */
function summaryText({ files, transcripts, found, without_text, bytes_left_out, steps_left_out, problems }) {
  const shown = transcripts.length < found ? `, ${transcripts.length} shown` : '';
  return [
    files.length === 0
      ? 'This run has left none.'
      : `${countText(found, 'transcript')}${shown}, the worst and the best first`,
    without_text > 0 ? `${countText(without_text, 'episode')} with numbers and no text` : '',
    bytes_left_out > 0 ? `${Math.ceil(bytes_left_out / 1e6)} MB not read` : '',
    steps_left_out > 0 ? `${countText(steps_left_out, 'older step')} not looked into` : '',
    ...problems,
  ]
    .filter((text) => text !== '')
    .join(' · ');
}

/** @param {TranscriptView} view */
function listed({ transcripts }) {
  const first = transcripts.slice(0, SHOWN_AT_FIRST).map(transcriptElement);
  const more = transcripts.slice(SHOWN_AT_FIRST);
  if (more.length === 0) return first;
  const onclick = () => {
    button.replaceWith(...more.map(transcriptElement));
  };
  const button = element('button', { type: 'button', onclick }, `Show ${more.length} more`);
  return [...first, button];
}

/** @param {TranscriptView['transcripts'][number]} transcript */
function transcriptElement(transcript) {
  const { label, step, score, messages } = transcript;
  const said = messages.findLast(({ role }) => role === 'assistant') ?? messages.at(-1);
  const node = element(
    'details',
    {
      class: 'transcript',
      // Of many only what somebody opens becomes part of the page.
      ontoggle: () => {
        if (node.open && node.children.length === 1) node.append(...openedParts(transcript));
      },
    },
    element(
      'summary',
      {},
      element('span', { class: 'score' }, numberText(score)),
      element('span', { class: 'soft' }, ` ${label}${step === null ? '' : `, step ${step}`} `),
      (said?.text ?? '').slice(0, 120),
    ),
  );
  return node;
}

/** @param {TranscriptView['transcripts'][number]} transcript */
function openedParts({ messages, facts, file }) {
  const parts = messages.map(({ role, text, score: reward }) =>
    element(
      'div',
      { class: 'message' },
      element('p', { class: 'role' }, reward === undefined ? role : `${role} · reward ${numberText(reward)}`),
      element('pre', { tabindex: 0 }, text),
    ),
  );
  /** @type {[string, string][]} */
  const told = Object.entries(facts).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return [...parts, factsElement([...told, ['file', file]])];
}
