// A slot is a place in a spec where a builder is named; its types say what a builder there is given and what it returns.

import { isJsonObject, type JsonValue } from '../util/json.ts';

/** `Context` is what `build` receives beside its parameters, `Built` what it returns. Both live in types only. */
export interface Slot<Context, Built> {
  readonly name: string;
  readonly doc: string;
  /** Never set: carries the two types, so that builders of different slots cannot be mixed up. */
  readonly types?: (context: Context) => Built;
}

/** A slot whose types are forgotten. */
export type AnySlot = Slot<never, unknown>;

export function defineSlot<Context, Built>(slot: { name: string; doc: string }): Slot<Context, Built> {
  return Object.freeze({ ...slot });
}

/** A builder and its parameters, as they stand in a resolved spec: plain JSON, which knows nothing of its slot. */
export interface PlainRef {
  builder: string;
  [parameter: string]: JsonValue;
}

export function isPlainRef(value: unknown): value is PlainRef {
  return isJsonObject(value) && typeof value.builder === 'string';
}

/** What a reference is for. A symbol: no file and no hash ever sees it, and a copy made with `...` keeps it. */
export const SLOT = Symbol('slot');

/** A reference that knows its slot, and so what comes of it: what `build` finds among its parameters. */
export interface BuilderRef<S extends AnySlot> extends PlainRef {
  readonly [SLOT]: S;
}

/** A reference made in code rather than read from a spec. Parameters that it leaves out have their defaults. */
export function reference<S extends AnySlot>(slot: S, ref: PlainRef): BuilderRef<S> {
  return { ...ref, [SLOT]: slot };
}

/** Builds what a reference names, with the defaults of what it leaves out. */
export type Make = <Context, Built>(ref: BuilderRef<Slot<Context, Built>>, context: NoInfer<Context>) => Promise<Built>;
