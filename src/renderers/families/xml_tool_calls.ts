// Tool calls as tags, one for each parameter, both ways: Qwen from 3.5 on, and Nemotron.

import { textOf } from '../content.ts';
import { type Piece, said, written } from '../pieces.ts';
import { type JsonNode, PYTHON_WORDS, pythonScalar } from '../python_json.ts';
import { type CallSyntax, withoutTrailingLines } from '../reply_syntax.ts';
import { argumentsJson, argumentsOf, jsonOrString, readJsonCall } from '../tool_calls.ts';
import type { Message, ToolCall, UnparsedToolCall } from '../types.ts';
import { tagBlocks } from './tag_blocks.ts';

/** How a format writes `true`, `false` and `null`: as JSON does, or as Python does. */
export type Scalars = 'json' | 'python';

/** Each call of a message, and the raw text of each that could not be read. */
export function callBlocks({ tool_calls = [], unparsed_tool_calls = [] }: Message, scalars: Scalars): Piece[][] {
  return [
    ...tool_calls.map((call) => callPieces(call, scalars)),
    ...unparsed_tool_calls.map(({ raw_text }) => [said(raw_text)]),
  ];
}

function callPieces(call: ToolCall, scalars: Scalars): Piece[] {
  const text = ({ string, json }: JsonNode) => string ?? (scalars === 'python' ? pythonScalar(json) : json);
  return [
    written('<tool_call>\n<function='),
    said(call.function.name),
    written('>\n'),
    ...[...argumentsOf(call)].flatMap(([name, value]) => [
      written('<parameter='),
      said(name),
      written('>\n'),
      said(text(value)),
      written('\n</parameter>\n'),
    ]),
    written('</function>\n</tool_call>'),
  ];
}

/** A format that writes Python's scalars reads them too; other text is JSON where it is JSON, else a string. */
function readValue(text: string, scalars: Scalars): string {
  const scalar = Object.keys(PYTHON_WORDS).find((json) => PYTHON_WORDS[json] === text);
  return scalars === 'python' && scalar !== undefined ? scalar : jsonOrString(text);
}

const FUNCTION = /^<function=([^>\n]*)>(.*)<\/function>$/s;
const PARAMETER = /<parameter=([^>\n]*)(>\n?)?/g;

export function xmlCalls(lines: CallSyntax['lines'], scalars: Scalars): CallSyntax {
  return {
    open: '<tool_call>',
    close: '</tool_call>',
    lines,
    read: (inner, raw) => readCall(inner.trim(), raw, scalars),
  };
}

/** A block without a function is JSON, which models fall back to. */
function readCall(inner: string, raw: string, scalars: Scalars): (ToolCall | UnparsedToolCall)[] {
  if (!inner.includes('<function=')) return readJsonCall(inner, raw);
  const unparsed = (error: string): UnparsedToolCall[] => [{ raw_text: raw, error }];
  const found = FUNCTION.exec(inner);
  if (found === null) return unparsed('a tool call must be one <function=name>…</function>');
  const [, name, body] = found;
  if (name.trim() === '') return unparsed('a tool call must name its function');
  const { blocks, outside } = tagBlocks(body, PARAMETER, '</parameter>');
  if (outside.trim() !== '') return unparsed('a tool call has text outside of its parameters');
  const members = new Map<string, string>();
  for (const { groups, inner: value } of blocks) {
    const key = groups[0].trim();
    if (key === '') return unparsed('a tool call has a parameter without a name');
    if (members.has(key)) return unparsed(`a tool call repeats the parameter ${JSON.stringify(key)}`);
    members.set(key, readValue(withoutTrailingLines(value, 1), scalars));
  }
  return [{ type: 'function', id: null, function: { name: name.trim(), arguments: argumentsJson(members) } }];
}

/** The frame is the format's, so that its tokens are those of real calls; the schemas are said. */
export function declarationPieces(message: Message): Piece[] {
  return [written(DECLARATION_HEAD), said(textOf(message)), written(DECLARATION_TAIL)];
}

const DECLARATION_HEAD = `# Tools

You have access to the following functions:

<tools>
`;
const DECLARATION_TAIL = `
</tools>

If you choose to call a function ONLY reply in the following format with NO suffix:

<tool_call>
<function=example_function_name>
<parameter=example_parameter_1>
value_1
</parameter>
<parameter=example_parameter_2>
This is the value for the second parameter
that can span
multiple lines
</parameter>
</function>
</tool_call>

<IMPORTANT>
Reminder:
- Function calls MUST follow the specified format: an inner <function=...></function> block must be nested within <tool_call></tool_call> XML tags
- Required parameters MUST be specified
- You may provide optional reasoning for your function call in natural language BEFORE the function call, but NOT after
- If there is no function call available, answer the question like normal with your current knowledge and do not tell the user about function calls
</IMPORTANT>`;
