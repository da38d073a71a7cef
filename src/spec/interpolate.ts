// `${env:NAME}` and `${path.in.spec}` in the texts of a spec, replaced by what they stand for.

import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import { dottedPath, parsePath, valueAt } from './path.ts';
import { type Environment, looksSecret, secretReference, variable, withoutSecrets } from './secrets.ts';
import type { Issue, SpecPath } from './types.ts';

const REFERENCE = /\$\$\{|\$\{([^{}]*)\}?/g;
/** References of references double at each level; what nobody writes by hand ends here. */
const MAX_CHAIN = 32;
const MAX_TEXT = 100_000;
const MAX_COPIED = 10_000;
const TOO_MANY = `references stand for more than ${MAX_COPIED} values`;

/**
 * A text that is one `${…}` and no more becomes the value that it names, of whatever type; in a longer text values are
 * spelled out. A reference in a stage is to a field of that stage if it has one, so that a file which a stage extends means its
 * own fields; else, as everywhere, to one of the whole spec. `$${` stands for `${`. A variable of the environment that stands alone is a number or a boolean if it
 * reads as one, as on the command line, and in quotes of its own a text. A secret stays a reference.
 */
export function interpolate(template: JsonObject, env: Environment): { value: JsonObject; issues: Issue[] } {
  const interpolation = new Interpolation(template, env);
  return { value: interpolation.mapping(template, []), issues: interpolation.issues };
}

/** What is wrong with a reference; it becomes an issue of the text that holds it. */
class BadReference extends Error {
  /** What the issue covers if that is more than the text: it is told once for all of these. */
  readonly covers: readonly string[] | undefined;

  constructor(message: string, covers?: readonly string[]) {
    super(message);
    this.covers = covers;
  }
}

class Interpolation {
  readonly issues: Issue[] = [];
  readonly #template: JsonObject;
  readonly #env: Environment;
  /** Paths of the texts whose references are being followed, outermost first: one of them again is a circle. */
  readonly #open: string[] = [];
  /** Paths whose text has its issue. */
  readonly #told = new Set<string>();
  #copied = 0;

  constructor(template: JsonObject, env: Environment) {
    this.#template = template;
    this.#env = env;
  }

  mapping(value: JsonObject, path: SpecPath): JsonObject {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#value(item, [...path, key])]));
  }

  #value(value: JsonValue, path: SpecPath): JsonValue {
    if (this.#open.length > 0) this.#copied += 1;
    if (Array.isArray(value)) return value.map((item, i) => this.#value(item, [...path, i]));
    if (isJsonObject(value)) return this.mapping(value, path);
    return typeof value === 'string' && value.includes('${') ? this.#text(value, path) : value;
  }

  /** The value of a text; a text with a bad reference stands as it is, since its issue ends the load. */
  #text(text: string, path: SpecPath): JsonValue {
    const name = dottedPath(path);
    const start = this.#open.indexOf(name);
    this.#open.push(name);
    try {
      if (start !== -1) throw new BadReference(`refers to itself: ${this.#open.slice(start).join(' → ')}`, this.#open);
      if (this.#open.length > MAX_CHAIN) throw new BadReference(`more than ${MAX_CHAIN} references follow one another`);
      if (this.#copied > MAX_COPIED) throw new BadReference(TOO_MANY, [TOO_MANY]);
      return this.#expand(text, path);
    } catch (error) {
      if (!(error instanceof BadReference)) throw error;
      const covers = error.covers ?? [name];
      if (!covers.some((one) => this.#told.has(one))) this.issues.push({ path, part: 'value', message: error.message });
      for (const one of covers) this.#told.add(one);
      return text;
    } finally {
      this.#open.pop();
    }
  }

  #expand(text: string, from: SpecPath): JsonValue {
    const whole = /^\$\{([^{}]*)\}$/.exec(text)?.[1];
    if (whole !== undefined) return this.#lookup(whole, from, asScalar);
    const expanded = text.replace(REFERENCE, (match, reference: string | undefined, offset: number) => {
      // What stands for `${secret:` goes on standing for it, until secrets are put in.
      if (reference === undefined) return text.startsWith('secret:', offset + match.length) ? match : '${';
      if (!match.endsWith('}'))
        throw new BadReference(`"${match}" lacks its "}"; double the "$" of what is no reference`);
      return spelled(this.#lookup(reference, from, String), match);
    });
    if (expanded.length > MAX_TEXT)
      throw new BadReference(`references make a text of more than ${MAX_TEXT} characters`);
    return expanded;
  }

  #lookup(reference: string, from: SpecPath, readVariable: (text: string) => JsonValue): JsonValue {
    const [, kind, name] = /^(env|secret):(.*)$/s.exec(reference) ?? [];
    if (name !== undefined) {
      const value = variable(this.#env, name);
      if (value === undefined) throw new BadReference(`the environment variable ${name} is not set`);
      return kind === 'secret' || looksSecret(name) ? secretReference(name) : readVariable(withoutSecrets(value));
    }
    const named = parsePath(reference);
    if (named === null) throw new BadReference(`"\${${reference}}" is neither \${env:NAME} nor \${path.in.spec}`);
    const path = this.#placeOf(named, from);
    let value: JsonValue = this.#template;
    for (const [depth, segment] of path.entries()) {
      // What is on the way may itself be a reference.
      if (typeof value === 'string' && value.includes('${')) value = this.#text(value, path.slice(0, depth));
      const child: JsonValue | undefined = valueAt(value, [segment]);
      if (child === undefined) throw new BadReference(`"\${${reference}}" names a field that this spec does not set`);
      value = child;
    }
    return this.#value(value, path);
  }

  /**
   * The place that a path names: in the stage around the reference, in the base of a sweep that stands in the same file, or at the root. A
   * text never means itself where there is another: so a stage builds on what stands beside the stages.
   */
  #placeOf(named: SpecPath, from: SpecPath): SpecPath {
    const base = from[0] === 'base' ? from.slice(0, 1) : [];
    const [stages, stage] = from.slice(base.length);
    const around = stages === 'stages' && stage !== undefined ? [[...base, stages, stage]] : [];
    const places = [...around, base].map((scope) => [...scope, ...named]).filter((place) => this.#leadsOn(place));
    return places.find((place) => dottedPath(place) !== dottedPath(from)) ?? places[0] ?? named;
  }

  /** Whether something is set at a place, or a reference on the way may lead to it. */
  #leadsOn(place: SpecPath): boolean {
    const isReference = (value: JsonValue | undefined) => typeof value === 'string' && value.includes('${');
    return (
      valueAt(this.#template, place) !== undefined ||
      place.some((_, depth) => isReference(valueAt(this.#template, place.slice(0, depth))))
    );
  }
}

/** Digits behind a 0, as in 0123, are a name: as a number they would lose it. */
function asScalar(text: string): JsonValue {
  if (text === 'true' || text === 'false') return text === 'true';
  const quoted = /^(["'])(.*)\1$/s.exec(text)?.[2];
  if (quoted !== undefined) return quoted;
  return /^[-+]?((0|[1-9]\d*)(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : text;
}

function spelled(value: JsonValue, reference: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const kind = value === null ? 'null' : Array.isArray(value) ? 'a list' : 'a mapping';
  throw new BadReference(`"${reference}" is ${kind} and cannot stand inside of a text`);
}
