// A slot is a place in a spec where a builder is named; its types say what a builder there is given and what it returns.

/** `Context` is what `build` receives beside its parameters, `Built` what it returns. Both live in types only. */
export interface Slot<Context, Built> {
  readonly name: string;
  readonly doc: string;
  /** Never set: carries the two types, so that builders of different slots cannot be mixed up. */
  readonly types?: (context: Context) => Built;
}

export function defineSlot<Context, Built>(slot: { name: string; doc: string }): Slot<Context, Built> {
  return Object.freeze({ ...slot });
}
