// YAML 1.2 text to a tree with places; what is wrong with the text is told at its line.

import { Composer, type Document, LineCounter, Parser, type YAMLError } from 'yaml';
import type { Diagnostic } from '../util/errors.ts';
import { convert, type PlaceOf } from './convert.ts';
import { spaceHint } from './describe.ts';
import { diagnosticAt } from './diagnostics.ts';
import { parsePath } from './path.ts';
import type { Node } from './tree.ts';
import type { SourcePlace } from './types.ts';

/** No spec nests deeper by hand, and the recursion of parsers and of the code behind them stays far from the stack's end. */
const MAX_DEPTH = 64;

/** The file that a text was read from, or the argument that it stood in. */
export interface TextOrigin {
  file: string;
  directory: string;
  /** For an override: the argument, and how many of its characters stand before the text. */
  argument?: { text: string; offset: number };
}

export interface ParsedText {
  /** Null where there is nothing to go on with. */
  root: Node | null;
  diagnostics: Diagnostic[];
}

export function parseYaml(text: string, origin: TextOrigin): ParsedText {
  const lines = new LineCounter();
  const placeOf = placer(lines, origin);
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const comment = origin.argument === undefined ? null : firstComment(tokens);
  if (comment !== null) return { root: null, diagnostics: [commentDiagnostic(origin, placeOf(comment))] };
  const tooDeep = deepest(tokens);
  if (tooDeep !== null) {
    const message = `nested more than ${MAX_DEPTH} levels deep`;
    return { root: null, diagnostics: [diagnosticAt(placeOf(tooDeep), [], message)] };
  }
  const composer = new Composer({ version: '1.2', prettyErrors: false, uniqueKeys: false, logLevel: 'silent' });
  const [document, second] = [...composer.compose(tokens, true, text.length)];
  if (document === undefined) return { root: null, diagnostics: [] };
  const diagnostics = syntaxErrors(document, text, placeOf);
  if (second !== undefined) {
    const message = 'a second document starts here; a file holds one spec';
    diagnostics.push(diagnosticAt(placeOf(second.range[0]), [], message));
  }
  if (diagnostics.length > 0) return { root: null, diagnostics };
  if (document.contents === null) return { root: null, diagnostics: [] };
  return convert(document.contents, placeOf);
}

/** Offset of a value that lies too deep, found without recursion; null if there is none. */
function deepest(tokens: readonly unknown[]): number | null {
  const stack = tokens.map((token) => ({ token, depth: 0 }));
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { token, depth } = top;
    if (typeof token !== 'object' || token === null) continue;
    if (depth > MAX_DEPTH && 'offset' in token && typeof token.offset === 'number') return token.offset;
    if ('value' in token) stack.push({ token: token.value, depth });
    if ('key' in token) stack.push({ token: token.key, depth });
    if ('items' in token && Array.isArray(token.items)) {
      for (const item of token.items) stack.push({ token: item, depth: depth + 1 });
    }
  }
  return null;
}

/** Offset of the first comment; null if there is none. */
function firstComment(tokens: readonly unknown[]): number | null {
  const offsets: number[] = [];
  const stack: unknown[] = [...tokens];
  for (let token = stack.pop(); token !== undefined; token = stack.pop()) {
    if (typeof token !== 'object' || token === null) continue;
    if ('type' in token && token.type === 'comment' && 'offset' in token) offsets.push(Number(token.offset));
    for (const part of Object.values(token)) if (typeof part === 'object') stack.push(...[part].flat());
  }
  return offsets.length === 0 ? null : Math.min(...offsets);
}

/** Nobody writes comments on a command line: what a shell hands over is all meant. */
function commentDiagnostic({ argument }: TextOrigin, place: SourcePlace): Diagnostic {
  const { text = '', offset = 0 } = argument ?? {};
  const quoted = text.slice(0, offset) + JSON.stringify(text.slice(offset));
  const message = `in YAML "#" begins a comment here; quote the value, as ${quoted} inside of the quotes of the shell`;
  return diagnosticAt(place, parsePath(text.slice(0, offset - 1)) ?? [], message);
}

/** The place of an offset in the text. */
function placer(lines: LineCounter, { file, directory, argument }: TextOrigin): PlaceOf {
  return (offset) => {
    if (argument !== undefined) {
      return { file, line: 1, column: argument.offset + offset + 1, directory, argument: argument.text };
    }
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), directory };
  };
}

/** The first error of each line: those after it on the same line are its echo. */
function syntaxErrors(document: Document.Parsed, text: string, placeOf: PlaceOf): Diagnostic[] {
  const diagnostics = [...document.errors, ...document.warnings]
    .map((error) => ({ error, offset: error.pos[0] }))
    .sort((a, b) => a.offset - b.offset)
    .map(({ error, offset }) => diagnosticAt(placeOf(offset), [], syntaxMessage(error, text)));
  if (document.directives.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
    diagnostics.unshift(diagnosticAt(placeOf(0), [], 'specs are YAML 1.2; remove the %YAML directive'));
  }
  return diagnostics.filter(({ line }, i) => i === 0 || diagnostics[i - 1]?.line !== line);
}

/** Complaints about a line that should be `field: value`. */
const KEYS = new Set<string>(['MULTILINE_IMPLICIT_KEY', 'MISSING_CHAR', 'BLOCK_AS_IMPLICIT_KEY']);

function syntaxMessage(error: YAMLError, text: string): string {
  const [offset] = error.pos;
  if (text[offset - 1] === '$' && text[offset] === '{') return `quote "\${…}" where it stands between { } or [ ]`;
  const spaceless = spaceHint(text.slice(text.lastIndexOf('\n', offset - 1) + 1));
  if (spaceless !== '' && KEYS.has(error.code)) return spaceless;
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return 'a tab cannot indent YAML; use spaces';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'a field cannot start inside a value; quote a value that holds ": ", or indent the next line like this one';
    case 'MULTILINE_IMPLICIT_KEY':
      return 'expected "field: value"';
    case 'BAD_SCALAR_START':
      return `quote a value that starts with ${text[offset]}`;
    case 'TAG_RESOLVE_FAILED':
      return `the tag ${text.slice(...error.pos)} means nothing in a spec; remove it`;
    default:
      return unclosed(error.message) ?? error.message.charAt(0).toLowerCase() + error.message.slice(1);
  }
}

/** The parser has many words for a bracket or a quote that lacks its partner. */
function unclosed(message: string): string | null {
  const partner = /(?:end with a (.)|closing ('quote|"quote))$/.exec(message);
  if (partner === null) return null;
  const [, bracket = partner[2]?.charAt(0)] = partner;
  return `a closing ${bracket} is missing before here`;
}
