// What may be set on a renderer besides its name. A definition lists the options that it takes, with their defaults.

import { type Static, Type } from '@sinclair/typebox';
import { nullable, semantic } from '../registry/fields.ts';
import { ConfigurationError } from '../util/errors.ts';

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** Schemas of all options; the defaults are those of the definitions. */
export const RENDERER_OPTIONS = {
  current_date: nullable(
    semantic(
      Type.String({
        description: 'What formats that print the date print, as YYYY-MM-DD. null: as the format does without one.',
        pattern: DATE.source,
      }),
    ),
  ),
  strip_thinking_from_history: semantic(
    Type.Boolean({ description: 'Leave out the reasoning of turns before the last user message.' }),
  ),
  system_role_as_user: semantic(
    Type.Boolean({ description: "Show system messages after the first as the user's instead of refusing them." }),
  ),
  template: nullable(
    semantic(
      Type.String({
        minLength: 1,
        description: "Jinja to write conversations by. null: the chat template of the model's directory.",
      }),
    ),
  ),
};

type Schemas = typeof RENDERER_OPTIONS;
export type RendererOptions = { [K in keyof Schemas]: Static<Schemas[K]> };
export type OptionName = keyof Schemas;

/** Checked values over the defaults of a definition, for those who name a renderer in code; a spec's are checked before. */
export function rendererOptions(
  renderer: string,
  defaults: Partial<RendererOptions>,
  given: Readonly<Record<string, unknown>>,
): Partial<RendererOptions> {
  const options = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    const problem = (expected: string) =>
      new ConfigurationError(`renderer ${renderer}: ${name} must be ${expected}, not ${JSON.stringify(value)}`);
    if (!Object.hasOwn(defaults, name)) {
      const known = Object.keys(defaults).join(', ');
      throw new ConfigurationError(
        `renderer ${renderer} has no option "${name}"${known === '' ? '' : `; it has ${known}`}`,
      );
    }
    if (name === 'current_date') {
      if (value !== null && !isDate(value)) throw problem('a date as YYYY-MM-DD');
      options.current_date = value;
    } else if (name === 'template') {
      if (value !== null && typeof value !== 'string') throw problem('the text of a template');
      options.template = value;
    } else if (name === 'strip_thinking_from_history' || name === 'system_role_as_user') {
      if (typeof value !== 'boolean') throw problem('true or false');
      options[name] = value;
    }
  }
  return options;
}

/** A day that a calendar has. */
function isDate(value: unknown): value is string {
  if (typeof value !== 'string' || !DATE.test(value)) return false;
  const day = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value);
}
