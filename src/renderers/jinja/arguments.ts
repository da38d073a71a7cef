// Arguments of calls from templates, bound to parameters as Python binds them.

import { TemplateError } from './errors.ts';
import type { Text } from './text.ts';
import { type Call, isText, numberOf, typeName, type Value } from './values.ts';

/** The arguments in the order of `parameters`; undefined where one is not given. Throws for more or others. */
export function bind(call: Call, name: string, parameters: readonly string[]): (Value | undefined)[] {
  if (call.positional.length > parameters.length)
    throw new TemplateError(`${name}() takes at most ${parameters.length} arguments, not ${call.positional.length}`);
  const bound: (Value | undefined)[] = parameters.map((_, index) => call.positional[index]);
  for (const [key, value] of call.named) {
    const index = parameters.indexOf(key);
    if (index === -1) throw new TemplateError(`${name}() got an unexpected keyword argument '${key}'`);
    if (bound[index] !== undefined) throw new TemplateError(`${name}() got multiple values for argument '${key}'`);
    bound[index] = value;
  }
  return bound;
}

export function expectText(value: Value | undefined, what: string): Text {
  if (value !== undefined && isText(value)) return value;
  throw new TemplateError(`${what} must be str, not ${value === undefined ? 'absent' : typeName(value)}`);
}

export function expectInteger(value: Value | undefined, what: string, preset?: number): number {
  if (value === undefined && preset !== undefined) return preset;
  const number = value === undefined || typeof value === 'object' ? null : numberOf(value);
  if (number !== null) return number;
  throw new TemplateError(`${what} must be an integer, not ${value === undefined ? 'absent' : typeName(value)}`);
}
