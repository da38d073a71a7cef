// defineBuilder: a name in a spec, the schema of its parameters, and the function that makes the heavy object of them.

import type { Static, TObject } from '@sinclair/typebox';
import type { Headline, HeadlineOf } from './headline.ts';
import type { Make, Slot } from './slot.ts';

/** What is wrong with what a parameter names. */
export interface FieldProblem {
  field: string;
  message: string;
}

export interface BuilderDefinition<Context, Built, Params extends TObject = TObject> {
  slot: Slot<Context, Built>;
  name: string;
  /** Bump it when the same parameters start to mean something else (a changed default, a mended formula). */
  version: number;
  /** One or two sentences for `cookbook builders`. */
  doc: string;
  /** Every field carries a kind (see fields.ts), a description and, unless required, a default. */
  params: Params;
  /** Keep definitions light: import what is heavy inside. `make` builds what the parameters refer to. */
  build(params: Static<Params>, context: Context, make: Make): Built | Promise<Built>;
  /**
   * Looks at what the parameters name, for `cookbook validate`: what is wrong with it, found within a second and without
   * building. `known` is what of the context is at hand when nothing runs.
   */
  check?(params: Static<Params>, known: Partial<Context>): Promise<FieldProblem[]>;
  /**
   * The metrics that tell how well it does, the most telling first; of a trainer the last is one that every step logs.
   * `of` gives those of a builder that the parameters refer to.
   */
  headline?(params: Static<Params>, of: HeadlineOf): readonly Headline[];
}

/** A definition whose types are forgotten: what the registry keeps. Parameters are checked against the schema before `build`. */
export interface AnyBuilder {
  readonly slot: string;
  readonly name: string;
  readonly version: number;
  readonly doc: string;
  readonly params: TObject;
  /** The typed definition, handed back by `Registry.get` for the slot that it was defined for. */
  readonly definition: object;
  headline?(params: object, of: HeadlineOf): readonly Headline[];
}

export interface Builder<Context, Built> extends AnyBuilder {
  readonly definition: {
    build(params: object, context: Context, make: Make): Built | Promise<Built>;
    check?(params: object, known: Partial<Context>): Promise<FieldProblem[]>;
  };
}

export function defineBuilder<Context, Built, Params extends TObject>(
  definition: BuilderDefinition<Context, Built, Params>,
): Builder<Context, Built> {
  const { slot, name, version, doc, params, headline } = definition;
  return Object.freeze({ slot: slot.name, name, version, doc, params, definition, ...(headline && { headline }) });
}
