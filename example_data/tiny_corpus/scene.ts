// Turns templates into English: makes choices and fills slots, each the same way throughout a scene.

import { capitalize, polish } from './english.ts';
import type { Entry } from './lexicon.ts';
import { LEXICON } from './lexicon.ts';
import type { Random } from './random.ts';

/** Phrases by name; a template calls one with `<name>` and gets one of them, filled in the same scene. */
export type Phrases = Readonly<Record<string, readonly string[]>>;

/** Names of persons in templates, so that they read like the sentence that they make. */
const PERSONS = new Set(['A', 'B', 'C']);

const CATEGORIES = new Map<string, readonly Entry[]>(Object.entries(LEXICON));

/**
 * The persons and things of one document. A template is English with three marks:
 * - `{toy}`: a word of that category, the same one throughout the scene; `{toy2}` is another. `{A}`, `{B}`, `{C}` are
 *   persons. `{A.he}` is a form of the word; a form in capitals (`{A.He}`) starts a sentence.
 * - `(one|two|)`: one of the alternatives, which may nest and be empty.
 * - `<name>`: one of the phrases of that name.
 */
export class Scene {
  readonly #random: Random;
  readonly #phrases: Phrases;
  readonly #bound = new Map<string, Entry>();

  constructor(random: Random, phrases: Phrases = {}) {
    this.#random = random;
    this.#phrases = phrases;
  }

  /** Decides beforehand what a slot stands for. */
  bind(slot: string, entry: Entry): this {
    this.#bound.set(slot, entry);
    return this;
  }

  /** A sentence or several, made of a template. */
  tell(template: string): string {
    return polish(this.#expand(template));
  }

  /** What a slot stands for. */
  word(slot: string): string {
    return this.#fill(slot);
  }

  #expand(template: string): string {
    const chosen = this.#choose(template);
    return chosen
      .replace(/<(\w+)>/g, (_, name: string) => this.#expand(this.#random.pick(this.#phrasesOf(name))))
      .replace(/\{(\w+)(?:\.(\w+))?\}/g, (_, slot: string, form: string | undefined) => this.#fill(slot, form));
  }

  /** Resolves the alternatives, outermost first, so that what is not chosen binds nothing. */
  #choose(template: string): string {
    const open = template.indexOf('(');
    if (open === -1) return template;
    const alternatives: string[] = [];
    let depth = 0;
    let start = open + 1;
    for (let i = open; i < template.length; i++) {
      const character = template[i];
      if (character === '(') depth++;
      if (character === ')') depth--;
      if (depth === 0 || (depth === 1 && character === '|')) {
        alternatives.push(template.slice(start, i));
        start = i + 1;
      }
      if (depth === 0) break;
    }
    const rest = template.slice(start);
    return template.slice(0, open) + this.#choose(this.#random.pick(alternatives)) + this.#choose(rest);
  }

  #phrasesOf(name: string): readonly string[] {
    const phrases = this.#phrases[name];
    if (phrases === undefined) throw new Error(`no phrases named "${name}"`);
    return phrases;
  }

  #fill(slot: string, form = 'text'): string {
    const entry = this.#bound.get(slot) ?? this.#draw(slot);
    const key = form.toLowerCase();
    const value = entry[key];
    if (value === undefined) throw new Error(`"${entry.text}" has no form "${key}"`);
    return form === key ? value : capitalize(value);
  }

  #draw(slot: string): Entry {
    const category = PERSONS.has(slot) ? 'person' : slot.replace(/\d+$/, '');
    const entries = CATEGORIES.get(category);
    if (entries === undefined) throw new Error(`no category of words named "${category}"`);
    const taken = new Set([...this.#bound.values()].map(({ text }) => text));
    const entry = this.#random.pick(entries.filter(({ text }) => !taken.has(text)));
    this.#bound.set(slot, entry);
    return entry;
  }
}
