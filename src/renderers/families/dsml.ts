// DSML: how the models of DeepSeek V4.1 declare tools and write calls, both ways.

import { type Piece, said, written } from '../pieces.ts';
import { type JsonNode, readPythonJson } from '../python_json.ts';
import { type CallSyntax, withoutTrailingLines } from '../reply_syntax.ts';
import { argumentsJson, argumentsOf } from '../tool_calls.ts';
import type { ToolCall, UnparsedToolCall } from '../types.ts';
import { tagBlocks } from './tag_blocks.ts';

/** One token. */
export const DSML = '｜DSML｜';
const OPEN = `<${DSML} calls>`;
const CLOSE = `</${DSML} calls>`;
const INVOKE_CLOSE = `</${DSML} invoke>`;
const PARAMETER_CLOSE = `</${DSML} parameter>`;

export function callPieces(calls: readonly ToolCall[]): Piece[] {
  if (calls.length === 0) return [];
  return [written(`\n\n${OPEN}\n`), ...calls.flatMap(invokePieces), written(CLOSE)];
}

function invokePieces(call: ToolCall): Piece[] {
  const parameters = [...argumentsOf(call)].map(([name, value]) => parameterPieces(name, value));
  return [
    written(`<${DSML} invoke name="`),
    said(call.function.name),
    written('">\n'),
    ...parameters.flatMap((pieces, index) => (index === 0 ? pieces : [written('\n'), ...pieces])),
    written(`\n${INVOKE_CLOSE}\n`),
  ];
}

function parameterPieces(name: string, { string, json }: JsonNode): Piece[] {
  return [
    written(`<${DSML} parameter name="`),
    said(name),
    written(`" string="${string !== null}">`),
    said(string ?? json),
    written(PARAMETER_CLOSE),
  ];
}

const INVOKE = /<｜DSML｜ invoke name="([^"]*)(">\n?)?/g;
const PARAMETER = /<｜DSML｜ parameter name="([^"]*)(?:" string="(true|false)(">))?/g;

export const DSML_CALLS: CallSyntax = {
  open: OPEN,
  close: CLOSE,
  lines: { before: 2 },
  unterminated: 'both',
  nothingAfter: 'Invalid DSML: output after calls block',
  plainText: true,
  read(inner, raw) {
    const { blocks: invokes, outside } = tagBlocks(inner, INVOKE, INVOKE_CLOSE);
    if (invokes.length === 0) return [{ raw_text: raw, error: 'Invalid DSML: no invoke in calls block' }];
    if (outside.trim() !== '') return [{ raw_text: raw, error: 'Invalid DSML: text between invokes' }];
    return invokes.map((invoke) => readInvoke(invoke.groups[0], withoutTrailingLines(invoke.inner, 1), invoke.raw));
  },
};

function readInvoke(name: string, body: string, raw: string): ToolCall | UnparsedToolCall {
  const unparsed = (problem: string): UnparsedToolCall => ({ raw_text: raw, error: `Invalid DSML: ${problem}` });
  if (name.trim() === '') return unparsed('empty function name');
  const { blocks: parameters, outside } = tagBlocks(body, PARAMETER, PARAMETER_CLOSE);
  if (outside.trim() !== '') return unparsed('text outside parameters');
  const members = new Map<string, string>();
  for (const { groups, inner: value } of parameters) {
    const [key, isString] = groups;
    if (key === '') return unparsed('empty parameter name');
    if (members.has(key)) return unparsed(`repeated parameter ${JSON.stringify(key)}`);
    if (isString === 'true') members.set(key, JSON.stringify(value));
    else {
      const reading = readPythonJson(value);
      if ('error' in reading) return unparsed(reading.error);
      members.set(key, reading.value.json);
    }
  }
  return { type: 'function', id: null, function: { name, arguments: argumentsJson(members) } };
}

/** The frame is the format's, so that its tokens are those of real calls; the schemas are said. */
export function declarationPieces(schemas: string): Piece[] {
  return [written(DECLARATION_HEAD), said(schemas), written(DECLARATION_TAIL)];
}

const DECLARATION_HEAD = `## Tools

You have access to a set of tools to help answer the user's question. You can invoke tools by writing a "${OPEN}" block like the following:

${OPEN}
<${DSML} invoke name="$TOOL_NAME">
<${DSML} parameter name="$PARAMETER_NAME" string="true|false">$PARAMETER_VALUE${PARAMETER_CLOSE}
...
${INVOKE_CLOSE}
<${DSML} invoke name="$TOOL_NAME2">
...
${INVOKE_CLOSE}
${CLOSE}

String parameters should be specified as is and set \`string="true"\`. For all other types (numbers, booleans, arrays, objects), pass the value in JSON format and set \`string="false"\`.

If thinking_mode is enabled (triggered by <think>), you MUST output your complete reasoning inside <think>...</think> BEFORE any tool calls or final response.

Otherwise, output directly after </think> with tool calls or final response.

### Available Tool Schemas

`;
const DECLARATION_TAIL = `

You MUST strictly follow the above defined tool name and parameter schemas to invoke tool calls.
`;
