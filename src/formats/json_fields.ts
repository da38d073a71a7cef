// Typed access to the fields of a JSON object from a model directory, with errors that name file and field.
import { WeightsError } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';

/** Far above any size in a model, and low enough that a product of two is still exact. */
const MAX_SIZE = 2 ** 24;
/** Far above any scale, period or ratio in a model, and low enough that float32 can go on computing with it. */
const MAX_NUMBER = 1e12;
const MAX_SHOWN_CHARACTERS = 80;

/** `null` counts as absent, as it does in transformers. Every method throws WeightsError for a value of another kind. */
export class Fields {
  readonly #object: JsonObject;
  readonly #source: string;

  constructor(object: JsonObject, source: string) {
    this.#object = object;
    this.#source = source;
  }

  error(field: string, message: string, hint?: string): WeightsError {
    return new WeightsError(`${this.#source}: ${field}: ${message}`, hint === undefined ? {} : { hint });
  }

  value(field: string): JsonValue | undefined {
    return Object.hasOwn(this.#object, field) ? (this.#object[field] ?? undefined) : undefined;
  }

  names(): readonly string[] {
    return Object.keys(this.#object);
  }

  has(field: string): boolean {
    return this.value(field) !== undefined;
  }

  /** A positive integer; without a default it must be there. */
  size(field: string, byDefault?: number, max = MAX_SIZE): number {
    const value = this.value(field) ?? byDefault;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > max) {
      throw this.error(field, `expected an integer from 1 to ${max}, not ${describe(value)}`);
    }
    return value;
  }

  /** A number above 0 that float32, in which models are computed, has too. */
  positive(field: string, byDefault?: number, { min = 0, max = MAX_NUMBER } = {}): number {
    const value = this.value(field) ?? byDefault;
    const range = min > 0 ? `from ${min} to ${max}` : `above 0 and at most ${max}`;
    if (typeof value !== 'number' || !(value > 0 && value >= min && value <= max)) {
      throw this.error(field, `expected a number ${range}, not ${describe(value)}`);
    }
    if (Math.fround(value) === 0) throw this.error(field, `${value} is 0 in float32, expected a number ${range}`);
    return value;
  }

  text(field: string): string | undefined {
    const value = this.value(field);
    if (value === undefined || typeof value === 'string') return value;
    throw this.error(field, `expected text, not ${describe(value)}`);
  }

  flag(field: string, byDefault = false): boolean {
    const value = this.value(field) ?? byDefault;
    if (typeof value !== 'boolean') throw this.error(field, `expected true or false, not ${describe(value)}`);
    return value;
  }

  /** The object in a field, its own fields named after it in errors. */
  section(field: string): Fields | undefined {
    const value = this.value(field);
    if (value === undefined) return undefined;
    if (!isJsonObject(value)) throw this.error(field, `expected an object, not ${describe(value)}`);
    return new Fields(value, `${this.#source}: ${field}`);
  }
}

/** A value as errors show it. */
export function describe(value: JsonValue | undefined): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}
