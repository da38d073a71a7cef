// A parsed YAML node to a plain tree; what YAML allows and a spec does not is refused here.

import { isAlias, isMap, isScalar, isSeq, type ParsedNode, type Scalar } from 'yaml';
import type { Diagnostic } from '../util/errors.ts';
import { diagnosticAt } from './diagnostics.ts';
import type { Entry, Node } from './tree.ts';
import type { SourcePlace } from './types.ts';

/** The place of an offset in the text. */
export type PlaceOf = (offset: number) => SourcePlace;

/** Values that aliases may copy into one document. A dozen lines of aliases of aliases ask for billions. */
const MAX_ALIASED = 10_000;

const PLAIN_TAGS = new Set(['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((t) => `tag:yaml.org,2002:${t}`));

export function convert(contents: ParsedNode, placeOf: PlaceOf): { root: Node; diagnostics: Diagnostic[] } {
  const converter = new Converter(placeOf);
  const root = converter.node(contents, []);
  return { root, diagnostics: converter.diagnostics };
}

type Path = readonly (string | number)[];

/** An anchored node and the number of values in it; `open` while it is being read, so that an alias inside it is seen. */
type Anchor = { node: Node; size: number } | 'open';

class Converter {
  readonly diagnostics: Diagnostic[] = [];
  readonly #placeOf: PlaceOf;
  /** An alias means the latest anchor of its name before it: the order of reading is the order of the text. */
  readonly #anchors = new Map<string, Anchor>();
  /** Values so far, copies by aliases included. */
  #size = 0;
  #aliased = 0;

  constructor(placeOf: PlaceOf) {
    this.#placeOf = placeOf;
  }

  node(source: ParsedNode, path: Path): Node {
    const place = this.#placeOf(source.range[0]);
    if (isAlias(source)) return this.#alias(source.source, place, path);
    const { anchor } = source;
    if (anchor === undefined) return this.#value(source, place, path);
    this.#anchors.set(anchor, 'open');
    const before = this.#size;
    const node = this.#value(source, place, path);
    this.#anchors.set(anchor, { node, size: this.#size - before });
    return node;
  }

  #value(source: ParsedNode, place: SourcePlace, path: Path): Node {
    this.#size += 1;
    if (source.tag !== undefined && !PLAIN_TAGS.has(source.tag)) {
      this.#report(
        place,
        path,
        `a value tagged ${source.tag.replace('tag:yaml.org,2002:', '!!')} cannot stand in a spec`,
      );
      return { kind: 'scalar', value: null, place };
    }
    if (isMap(source)) return this.#mapping(source.items, place, path);
    if (isSeq(source)) {
      return { kind: 'list', items: source.items.map((item, i) => this.node(item, [...path, i])), place };
    }
    return { kind: 'scalar', value: isScalar(source) ? this.#scalar(source, place, path) : null, place };
  }

  #mapping(pairs: readonly { key: ParsedNode; value: ParsedNode | null }[], place: SourcePlace, path: Path): Node {
    const entries = new Map<string, Entry>();
    for (const pair of pairs) {
      const key = this.#placeOf(pair.key.range[0]);
      const name = this.#fieldName(pair.key, key, path);
      if (name === null) continue;
      const earlier = entries.get(name);
      if (earlier !== undefined) {
        this.#report(key, [...path, name], `set twice; the first time on line ${earlier.key.line}`);
        continue;
      }
      const empty: Node = { kind: 'scalar', value: null, place: key };
      entries.set(name, { key, node: pair.value === null ? empty : this.node(pair.value, [...path, name]) });
    }
    return { kind: 'mapping', entries, place };
  }

  #fieldName(source: ParsedNode, place: SourcePlace, path: Path): string | null {
    const name = isScalar(source) && source.value !== null ? (source.source ?? '') : null;
    if (name === null) this.#report(place, path, 'the name of a field is text');
    else if (name === '<<')
      this.#report(place, path, '"<<" is YAML 1.1; use extends, or an alias for the whole mapping');
    else if (name === '__proto__') this.#report(place, path, 'no field can have the name "__proto__"');
    else return name;
    return null;
  }

  #scalar({ value, source = '' }: Scalar, place: SourcePlace, path: Path): string | number | boolean | null {
    if (typeof value === 'number' && /^[-+]?\d+$/.test(source) && !Number.isSafeInteger(value)) {
      this.#report(place, path, 'a whole number of this size loses digits; quote it if it is a name');
    }
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  }

  #alias(name: string, place: SourcePlace, path: Path): Node {
    const anchor = this.#anchors.get(name);
    if (anchor === undefined) this.#report(place, path, `there is no anchor &${name} before this alias`);
    else if (anchor === 'open') this.#report(place, path, `the alias *${name} stands inside of what it names`);
    else {
      const within = this.#aliased <= MAX_ALIASED;
      this.#size += anchor.size;
      this.#aliased += anchor.size;
      if (this.#aliased <= MAX_ALIASED) return anchor.node;
      if (within) this.#report(place, path, `the aliases of this file stand for more than ${MAX_ALIASED} values`);
    }
    return { kind: 'scalar', value: null, place };
  }

  #report(place: SourcePlace, path: Path, message: string): void {
    this.diagnostics.push(diagnosticAt(place, path, message));
  }
}
