// A report for people as a list of blocks, and the two ways to write it down: plain text and Markdown.

import { displayWidth } from '../util/display_width.ts';
import { folded } from '../util/folded.ts';
import { wrappedText } from '../util/wrapped.ts';
import { checkSize } from './limits.ts';

interface Column {
  name: string;
  align: 'left' | 'right';
  /** Left out, with all such columns, of a text that is too narrow for the table as it is. */
  isSpare?: boolean;
}

interface TextTable {
  columns: Column[];
  rows: string[][];
}

/** What may be done next, and the command that does it: to be copied, so never broken over lines. */
interface NextCommand {
  what: string;
  command: string;
}

export type Block = { heading: string } | { lines: string[] } | { commands: NextCommand[] } | { table: TextTable };

/** @param width what a line may take; a table that takes more has its text broken in the cells */
export function toText(blocks: readonly Block[], width = Number.POSITIVE_INFINITY): string {
  return blocks.map((block) => textLines(block, width).join('\n')).join('\n\n');
}

export function toMarkdown(blocks: readonly Block[]): string {
  return blocks.map((block) => markdownLines(block).join('\n')).join('\n\n');
}

function textLines(block: Block, width: number): string[] {
  if ('heading' in block) return [wrappedText(block.heading, width)];
  if ('lines' in block) return block.lines.map((line) => wrappedText(line, width));
  if ('commands' in block) return block.commands.flatMap((next) => commandLines(next, width));
  const natural = naturalWidths(block.table);
  const isTooWide = totalOf(natural) > width && block.table.columns.some(({ isSpare }) => isSpare);
  return isTooWide ? tableLines(withoutSpare(block.table), width) : tableLines(block.table, width, natural);
}

function commandLines({ what, command }: NextCommand, width: number): string[] {
  const line = `${what}: ${command}`;
  return displayWidth(line) <= width ? [line] : [`${what}:`, `  ${command}`];
}

function tableLines({ columns, rows }: TextTable, width: number, natural = naturalWidths({ columns, rows })): string[] {
  const header = columns.map(({ name }) => name);
  checkSize(rows.length, rows.length * (totalOf(natural) + GAP.length));
  const widths = fittedWidths(natural, columns, width);
  const isNarrowed = widths.some((each, i) => each !== natural[i]);
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => pad(cell, widths[i] ?? 0, columns[i]?.align ?? 'left'))
      .join(GAP)
      .trimEnd();
  const lines = (row: readonly string[]) => (isNarrowed ? foldedRow(row, widths) : [row]).map(line);
  return [...lines(header), line(widths.map((each) => '─'.repeat(each))), ...rows.flatMap(lines)];
}

const GAP = '  ';

function naturalWidths({ columns, rows }: TextTable): number[] {
  return columns.map(({ name }, i) =>
    rows.reduce((most, row) => Math.max(most, displayWidth(row[i] ?? '')), displayWidth(name)),
  );
}

const totalOf = (widths: readonly number[]): number =>
  widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1));

function withoutSpare({ columns, rows }: TextTable): TextTable {
  const isKept = (_: unknown, i: number) => columns[i]?.isSpare !== true;
  return { columns: columns.filter(isKept), rows: rows.map((row) => row.filter(isKept)) };
}

/** Columns of text are narrowed no further, and numbers not at all. */
const NARROWEST = 12;

/** The widest columns of text give up what is needed to fit. */
function fittedWidths(natural: readonly number[], columns: TextTable['columns'], width: number): number[] {
  const widths = [...natural];
  const text = [...widths.keys()].filter((i) => columns[i]?.align === 'left');
  let excess = totalOf(widths) - width;
  for (; excess > 0; excess--) {
    const widest = text.reduce((most, i) => ((widths[i] ?? 0) > (widths[most] ?? 0) ? i : most), text[0] ?? -1);
    const current = widths[widest] ?? 0;
    if (current <= NARROWEST) break;
    widths[widest] = current - 1;
  }
  return widths;
}

function foldedRow(row: readonly string[], widths: readonly number[]): string[][] {
  const cells = row.map((cell, i) => folded(cell, Math.max(widths[i] ?? 0, 1)));
  const height = Math.max(...cells.map(({ length }) => length));
  return Array.from({ length: height }, (_, i) => cells.map((lines) => lines[i] ?? ''));
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + space : space + text;
}

function markdownLines(block: Block): string[] {
  if ('heading' in block) return [`### ${escapeMarkdown(block.heading)}`];
  if ('lines' in block) return block.lines.map((line) => `- ${escapeMarkdown(line)}`);
  if ('commands' in block)
    return block.commands.map(({ what, command }) => `- ${escapeMarkdown(`${what}: ${command}`)}`);
  const { columns, rows } = block.table;
  const line = (cells: string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |`;
  const rule = `| ${columns.map(({ align }) => (align === 'right' ? '---:' : '---')).join(' | ')} |`;
  return [line(columns.map(({ name }) => name)), rule, ...rows.map(line)];
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|]/g, (character) => `\\${character}`);
}
