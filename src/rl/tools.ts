// Tools that a policy may call: declared by the schema of their arguments, called without ever throwing
// (tinker_cookbook/tool_use/tools.py).

import type { Static, TObject } from '@sinclair/typebox';
import { Ajv, type ValidateFunction } from 'ajv';
import type { ContentPart, Message, ToolCall, ToolSpec } from '../renderers/types.ts';
import { ConfigurationError, messageOf } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, jsonProblem } from '../util/json.ts';
import { isArrayOf, isNumber, isOptional, isRecordOf, isString } from '../util/json_shape.ts';
import { shown } from '../util/shown.ts';
import { RolloutFailure } from './rollout_failure.ts';
import type { EnvMetrics, StepOptions } from './types.ts';

export interface ToolInput {
  /** Names and values as the call has them, unchecked. */
  arguments: JsonObject;
  call_id: string | null;
}

export const TOOL_ERRORS = ['tool_not_found', 'json_decode_failed', 'validation_failed', 'execution_error'] as const;
export type ToolErrorType = (typeof TOOL_ERRORS)[number];

export interface ToolResult {
  /** What the policy sees of it: messages of the role `tool`. */
  messages: Message[];
  /** The episode ends with it. */
  should_stop?: boolean;
  metrics?: EnvMetrics;
  /** Why the call came to nothing; absent where it did not. */
  error?: ToolErrorType;
}

export interface Tool {
  readonly spec: ToolSpec;
  run(input: ToolInput, options?: StepOptions): Promise<ToolResult>;
}

export interface ToolDefinition<Params extends TObject> {
  name: string;
  /** For the model: what it does and when to call it. */
  description: string;
  parameters: Params;
  /** Given arguments that fit `parameters`, with its defaults. What it returns as text, or as parts, is the answer. */
  run(
    args: Static<Params>,
    call: StepOptions & { call_id: string | null },
  ): Promise<string | ContentPart[] | ToolResult> | string | ContentPart[] | ToolResult;
}

/** @throws ConfigurationError for parameters that are no JSON Schema */
export function defineTool<Params extends TObject>(definition: ToolDefinition<Params>): Tool {
  const { name, description, parameters, run } = definition;
  const validate = validatorOf(name, parameters);
  const fits = (args: unknown): args is Static<Params> => validate(args);
  return {
    spec: { name, description, parameters },
    async run({ arguments: given, call_id }, options = {}) {
      const args: unknown = structuredClone(given);
      if (!fits(args)) return errorToolResult('validation_failed', problemOf(validate));
      const result = await run(args, { ...options, call_id });
      return typeof result === 'string' || Array.isArray(result) ? simpleToolResult(result) : result;
    },
  };
}

const validators = new WeakMap<TObject, ValidateFunction>();

/** Of its own, so that schemas of one `$id` do not meet; kept, because tools with a state are made for every episode. */
function validatorOf(name: string, parameters: TObject): ValidateFunction {
  const known = validators.get(parameters);
  if (known !== undefined) return known;
  try {
    // Texts that look like numbers are no numbers: the model is told, and learns it.
    const ajv = new Ajv({ allErrors: true, strict: false, useDefaults: true, validateFormats: false });
    const validate = ajv.compile(parameters);
    validators.set(parameters, validate);
    return validate;
  } catch (error) {
    throw new ConfigurationError(`the parameters of the tool "${name}" are no JSON Schema: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function problemOf({ errors }: ValidateFunction): string {
  const place = (path: string) => (path === '' ? 'the arguments' : path.slice(1));
  return (errors ?? []).map(({ instancePath, message = '' }) => `${place(instancePath)} ${message}`).join('; ');
}

/** An answer in one message. */
export function simpleToolResult(content: string | ContentPart[], rest: Omit<ToolResult, 'messages'> = {}): ToolResult {
  return { messages: [{ role: 'tool', content }], ...rest };
}

/** An answer that says what went wrong, as `{"error": …}`. */
export function errorToolResult(error: ToolErrorType, message: string): ToolResult {
  return simpleToolResult(JSON.stringify({ error: message }), { error });
}

/**
 * Calls what a call names. Whatever goes wrong is an answer to the model. Messages that leave out which call they answer, or
 * by which tool, are given both.
 */
export async function handleToolCall(
  tools: ReadonlyMap<string, Tool>,
  call: ToolCall,
  options?: StepOptions,
): Promise<ToolResult> {
  const { name } = call.function;
  const { messages, ...result } = await answer(tools, call, options);
  return {
    ...result,
    messages: messages.map((message) => ({
      ...message,
      name: message.name ?? name,
      ...(message.tool_call_id === undefined && call.id !== null ? { tool_call_id: call.id } : {}),
    })),
  };
}

async function answer(
  tools: ReadonlyMap<string, Tool>,
  { id, function: { name, arguments: text } }: ToolCall,
  options?: StepOptions,
): Promise<ToolResult> {
  const tool = tools.get(name);
  if (tool === undefined) {
    const names = [...tools.keys()].join(', ');
    return errorToolResult('tool_not_found', `there is no tool ${JSON.stringify(name)}; there is ${names || 'none'}`);
  }
  let args: JsonValue;
  try {
    args = JSON.parse(text);
  } catch (error) {
    return errorToolResult('json_decode_failed', `the arguments are ${jsonProblem(error)}`);
  }
  if (!isJsonObject(args)) return errorToolResult('validation_failed', 'the arguments must be a JSON object');
  let result: unknown;
  try {
    result = await tool.run({ arguments: args, call_id: id }, options);
  } catch (error) {
    return errorToolResult('execution_error', `${name} failed: ${messageOf(error)}`);
  }
  if (isToolResult(result)) return result;
  // The model cannot mend that, so it is not told.
  throw new RolloutFailure(
    'invalid_tool_result',
    `the tool ${name} gave ${shown(result)}: a text, or { messages, metrics }`,
  );
}

const isToolResult = (value: unknown): value is ToolResult =>
  isJsonObject(value) && isArrayOf(isMessage)(value.messages) && isOptional(isRecordOf(isNumber))(value.metrics);
const isMessage = (value: unknown): value is Message =>
  isJsonObject(value) && isString(value.role) && (isString(value.content) || Array.isArray(value.content));
