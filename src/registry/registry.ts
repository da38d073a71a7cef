// The registry: every builder by slot and name. A value that is passed on, not a global, so plugins of one spec stay its own.

import { ConfigurationError } from '../util/errors.ts';
import { programName } from '../util/program_name.ts';
import type { AnyBuilder, Builder, FieldProblem } from './builder.ts';
import { complete } from './complete.ts';
import type { Headline } from './headline.ts';
import { shapeOf } from './shape.ts';
import { type Make, type PlainRef, SLOT, type Slot } from './slot.ts';
import { closestNames, didYouMean } from './suggest.ts';

/** More names than this are a list to look up rather than part of a sentence. */
const MOST_NAMES = 10;

export class Registry {
  readonly #builders = new Map<string, Map<string, AnyBuilder>>();

  constructor(builders: Iterable<AnyBuilder> = []) {
    for (const builder of builders) this.add(builder);
  }

  /** Adds a builder; another one of its name in its slot is an error that says so. */
  add(builder: AnyBuilder): void {
    const named = this.#builders.get(builder.slot) ?? new Map<string, AnyBuilder>();
    const known = named.get(builder.name);
    if (known === builder) return;
    if (known !== undefined) {
      throw new ConfigurationError(`the slot ${builder.slot} has a builder named "${builder.name}" already`, {
        hint: 'Give the plugin builder another name.',
      });
    }
    this.#builders.set(builder.slot, named.set(builder.name, builder));
  }

  find(slot: string, name: string): AnyBuilder | undefined {
    return this.#builders.get(slot)?.get(name);
  }

  /** All builders of a slot, by name. */
  list(slot: string): AnyBuilder[] {
    return [...(this.#builders.get(slot)?.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  slots(): string[] {
    return [...this.#builders.keys()].sort();
  }

  /** Builds what a reference names in a slot. Parameters that it leaves out have their defaults. */
  async build<Context, Built>(slot: Slot<Context, Built>, ref: PlainRef, context: NoInfer<Context>): Promise<Built> {
    const builder = this.find(slot.name, ref.builder);
    if (builder === undefined || !isBuilderOf(slot, builder))
      throw new ConfigurationError(this.unknown(slot.name, ref.builder));
    const { builder: _name, ...params } = ref;
    return await builder.definition.build(complete(shapeOf(builder.params), params), context, this.make);
  }

  /** Builds what a reference names that knows its slot. */
  readonly make: Make = async (ref, context) => {
    // Types rule it out; a plugin in JavaScript has none.
    if (ref[SLOT] === undefined) {
      throw new ConfigurationError(`the reference to "${ref.builder}" knows no slot`, {
        hint: 'Take it from the parameters of the builder, or make it with reference(slot, { builder: … }).',
      });
    }
    return await this.build(ref[SLOT], ref, context);
  };

  /** What is wrong with what a reference names; nothing where its builder has no way to look. */
  async check<Context, Built>(
    slot: Slot<Context, Built>,
    ref: PlainRef,
    known: NoInfer<Partial<Context>>,
  ): Promise<FieldProblem[]> {
    const builder = this.find(slot.name, ref.builder);
    if (builder === undefined || !isBuilderOf(slot, builder)) return [];
    const { builder: _name, ...params } = ref;
    return (await builder.definition.check?.(complete(shapeOf(builder.params), params), known)) ?? [];
  }

  /** What the builder that a reference names declares to tell how well it does; nothing where it declares none. */
  headline(slot: { name: string }, ref: PlainRef): readonly Headline[] {
    const builder = this.find(slot.name, ref.builder);
    if (builder?.headline === undefined) return [];
    const { builder: _name, ...params } = ref;
    return builder.headline(complete(shapeOf(builder.params), params), (nested) => this.headline(nested[SLOT], nested));
  }

  /** The message for a name that a slot does not have. */
  unknown(slot: string, name: string): string {
    const names = this.list(slot).map((builder) => builder.name);
    const list = names.map((known) => `"${known}"`).join(', ') || 'none';
    const all = `"${programName()} builders --slot ${slot}" lists the ${names.length} that there are`;
    const known = names.length > MOST_NAMES ? all : `there is ${list}`;
    return `unknown ${slot} builder "${name}"${didYouMean(closestNames(name, names)) || `; ${known}`}`;
  }
}

/** A definition can have entered a slot's map only under that slot's name, so the name decides the type. */
function isBuilderOf<Context, Built>(
  slot: Slot<Context, Built>,
  builder: AnyBuilder,
): builder is Builder<Context, Built> {
  return builder.slot === slot.name;
}
