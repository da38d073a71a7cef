// What a run's models were shown and said: of a step, or found by a text.

import { ask, countText, element, factsElement, inert, numberText } from '/elements.js';

const SHOWN_AT_FIRST = 10;
const SEARCH_MS = 400;

/** Of one step at a time, or of all that a search finds something in. */
export function transcriptsElement(run) {
  const node = element('div');
  const list = element('div');
  const told = element('p', { class: 'soft', 'aria-live': 'polite' });
  const files = element('select', { 'aria-label': 'Step', onchange: () => read() });
  const search = element('input', {
    type: 'search',
    placeholder: 'Search what was said',
    'aria-label': 'Search transcripts',
  });
  let asked = 0;
  const read = async () => {
    const own = ++asked;
    told.textContent = 'Reading…';
    try {
      const answer = await ask('/api/transcripts', {
        run,
        file: search.value === '' ? files.value || null : null,
        text: search.value,
      });
      if (own === asked) show(answer);
    } catch (error) {
      told.textContent = inert(error.message);
    }
  };
  const show = (answer) => {
    if (files.options.length === 0) {
      files.replaceChildren(
        ...answer.files.map(({ path, step, label }) =>
          element('option', { value: path }, `${label}${step === null ? '' : `, step ${step}`} · ${path}`),
        ),
      );
    }
    const { transcripts, found, without_text, bytes_left_out, steps_left_out, problems } = answer;
    told.textContent = inert(
      [
        answer.files.length === 0
          ? 'This run has left none.'
          : `${countText(found, 'transcript')}${transcripts.length < found ? `, ${transcripts.length} shown` : ''}, the worst and the best first`,
        without_text > 0 ? `${countText(without_text, 'episode')} with numbers and no text` : '',
        bytes_left_out > 0 ? `${countText(Math.ceil(bytes_left_out / 1e6), 'MB').replace('MBs', 'MB')} not read` : '',
        steps_left_out > 0 ? `${countText(steps_left_out, 'older step')} not looked into` : '',
        ...problems,
      ]
        .filter((text) => text !== '')
        .join(' · '),
    );
    const more = transcripts.slice(SHOWN_AT_FIRST);
    list.replaceChildren(...transcripts.slice(0, SHOWN_AT_FIRST).map(transcriptElement));
    if (more.length > 0) {
      const button = element(
        'button',
        { type: 'button', onclick: () => button.replaceWith(...more.map(transcriptElement)) },
        `Show ${more.length} more`,
      );
      list.append(button);
    }
    files.hidden = answer.files.length === 0;
    search.hidden = files.hidden;
  };
  let timer = 0;
  search.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(read, SEARCH_MS);
  });
  node.append(element('div', { class: 'controls' }, files, search), told, list);
  void read();
  return node;
}

function transcriptElement({ label, step, score, messages, facts, file }) {
  const said = messages.findLast(({ role }) => role === 'assistant') ?? messages.at(-1);
  const node = element(
    'details',
    { class: 'transcript' },
    element(
      'summary',
      {},
      element('span', { class: 'score' }, score === null ? '—' : numberText(score)),
      element('span', { class: 'soft' }, ` ${label}${step === null ? '' : `, step ${step}`} `),
      (said?.text ?? '').slice(0, 120),
    ),
  );
  node.addEventListener('toggle', () => {
    if (!node.open || node.children.length > 1) return;
    node.append(
      ...messages.map(({ role, text, score: reward }) =>
        element(
          'div',
          { class: 'message' },
          element('p', { class: 'role' }, reward === undefined ? role : `${role} · reward ${numberText(reward)}`),
          element('pre', {}, text),
        ),
      ),
      factsElement(
        [...Object.entries(facts), ['file', file]].map(([name, value]) => [
          name,
          typeof value === 'string' ? value : JSON.stringify(value),
        ]),
      ),
    );
  });
  return node;
}
