// Tools that a row declares: a list, or the JSON text of one, as OpenAI and LLaMA-Factory write them.

import type { ToolSpec } from '../../renderers/types.ts';
import { DataValidationError } from '../../util/errors.ts';
import { isJsonObject, type JsonValue, jsonProblem } from '../../util/json.ts';
import { kindOf, optionalText } from './fields.ts';

/** None where the field is absent, null or empty. Throws a DataValidationError that names the field. */
export function parseTools(value: JsonValue | undefined): ToolSpec[] {
  const given = typeof value === 'string' && value.trim() !== '' ? parsed(value) : value;
  if (given === undefined || given === null || given === '') return [];
  if (!Array.isArray(given)) throw new DataValidationError(`tools: must be a list, not ${kindOf(given)}`);
  return given.map((tool, index) => parseTool(tool, `tools[${index}]`));
}

/** Fields beside the known ones stay: they are part of what the prompt tells of the tool. */
function parseTool(tool: JsonValue, at: string): ToolSpec {
  const declared = isJsonObject(tool) && isJsonObject(tool.function) ? tool.function : tool;
  if (!isJsonObject(declared) || typeof declared.name !== 'string')
    throw new DataValidationError(`${at}: must be {"name": …, "description": …, "parameters": …}`);
  const parameters = declared.parameters ?? {};
  if (!isJsonObject(parameters))
    throw new DataValidationError(`${at}.parameters: must be a JSON Schema, not ${kindOf(parameters)}`);
  return {
    ...declared,
    name: declared.name,
    description: optionalText(declared.description, `${at}.description`) ?? '',
    parameters,
  };
}

function parsed(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataValidationError(`tools: ${jsonProblem(error)}`);
  }
}
