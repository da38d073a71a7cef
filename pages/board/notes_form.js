// The tags and the note beside a run. What is not saved yet is kept for as long as the page is open, wherever one goes meanwhile.

import { element } from '../shared/elements.js';
import { AskError, ask, messageOf } from './ask.js';

/** @typedef {import('../../src/run_files/notes.ts').RunNotes} RunNotes */

/** By run, what was typed and not saved, and which notes it was typed over. @type {Map<string, { revision: number, tags: string, note: string }>} */
const drafts = new Map();

/**
 * @param {string} run
 * @param {RunNotes} given
 * @param {() => string} change what the server asks of who changes something, which a board that was started again has anew
 */
export function notesForm(run, given, change) {
  const draft = drafts.get(run) ?? { revision: given.revision, tags: given.tags.join(', '), note: given.note };
  let { revision } = draft;
  const keep = () => {
    drafts.set(run, { revision, tags: tags.value, note: note.value });
  };
  const tags = element('input', {
    type: 'text',
    value: draft.tags,
    placeholder: 'baseline, look again',
    oninput: keep,
  });
  const note = element('textarea', { rows: 3, oninput: keep });
  note.value = draft.note;
  const told = element('span', { class: 'soft', role: 'status' }, drafts.has(run) ? 'Not saved yet.' : '');
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    told.textContent = 'Saving…';
    const listed = tags.value.split(',').map((tag) => tag.trim());
    const body = { run, revision, note: note.value, tags: listed.filter((tag) => tag !== '') };
    try {
      /** @type {RunNotes} */
      const notes = await ask(
        '/api/notes',
        {},
        {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', 'X-Board-Change': change() },
          body: JSON.stringify(body),
        },
      );
      revision = notes.revision;
      drafts.delete(run);
      told.textContent = 'Saved beside the run, in notes.json.';
    } catch (error) {
      const now = notesNow(error);
      if (now !== null) {
        // Whoever saves again has seen them.
        revision = now.revision;
        keep();
      }
      told.replaceChildren(
        element('span', {}, `Not saved: ${messageOf(error)}.${now === null ? '' : ` ${nowText(now)}`}`),
      );
    }
  };
  return element(
    'form',
    { class: 'notes-form', onsubmit: save },
    element('label', {}, 'Tags, comma-separated', tags),
    element('label', {}, 'Note', note),
    element('div', { class: 'controls' }, element('button', { type: 'submit' }, 'Save'), told),
  );
}

/**
 * What the server says that the notes are by now.
 * @param {unknown} error
 * @returns {RunNotes | null}
 */
function notesNow(error) {
  const body = error instanceof AskError ? error.body : null;
  return typeof body === 'object' && body !== null && 'now' in body ? /** @type {RunNotes} */ (body.now) : null;
}

/** @param {RunNotes} notes */
function nowText({ tags, note }) {
  const texts = [tags.join(', '), note].filter((text) => text !== '');
  return `They are now: ${texts.join(' · ') || 'empty'}. Save again to replace them.`;
}
