// cookbook render: the rows of a data file as the loss sees them, made by the code that makes training examples of them.

import pc from 'picocolors';
import type { Colors } from 'picocolors/types.js';
import { isHubName } from '../hub/hub_settings.ts';
import { locateModel } from '../hub/locate.ts';
import { locateRows } from '../hub/locate_rows.ts';
import type { Registry } from '../registry/registry.ts';
import { recommendedRenderer } from '../renderers/recommended.ts';
import { type Renderer, rendererSlot, type TrainOnWhat } from '../renderers/types.ts';
import { addPlugins } from '../spec/command_line.ts';
import { nearPathsHint } from '../spec/near_files.ts';
import { referenceFlag } from '../spec/reference_flag.ts';
import { containerOf } from '../supervised/data/bytes.ts';
import { conversationReader } from '../supervised/data/formats.ts';
import { COLUMN_NAMES, type ColumnNames, type DataFormat, type OptionSpelling } from '../supervised/data/options.ts';
import { attempt, errorAt, sourceRows } from '../supervised/data/rows.ts';
import { renderRow } from '../supervised/render_row.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import { tokenTexts } from '../tokenizers/token_texts.ts';
import { ConfigurationError, DataValidationError, errorData } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { plural } from '../util/plural.ts';
import { quote } from '../util/program_name.ts';
import { legend, tokenLines } from './token_lines.ts';

export interface RenderOptions {
  file: string;
  model: string;
  /** The name of a renderer, or a mapping with its parameters as YAML; null is the one that suits the model best. */
  renderer: string | null;
  trainOnWhat: TrainOnWhat;
  format: DataFormat;
  /** Files whose renderers count too. */
  plugins: readonly string[];
  /** `NAME=COLUMN`, each. */
  columns: readonly string[];
  limit: number | null;
  json: boolean;
  width: number;
  colors?: Colors;
}

export interface RenderOutput {
  /** A line of data. */
  data(line: string): void;
  /** A line about it. */
  prose(line: string): void;
  /** Whether nobody reads the data any more. */
  isClosed(): boolean;
}

/** @returns how many rows there were, and how many of them could not be rendered */
export async function renderCommand(
  options: RenderOptions,
  registry: Registry,
  { data, prose, isClosed }: RenderOutput,
): Promise<{ rows: number; failed: number }> {
  const { file, trainOnWhat, format, limit, json, width, colors = pc.createColors() } = options;
  const columns = columnNames(options.columns);
  await addPlugins(options.plugins, registry, process.cwd());
  // Before a model is fetched for it.
  await containerOf(await locateRows(file, { notify: prose }));
  const renderer = await openRenderer(options, registry, prose);
  const reader = conversationReader({ format, columns, spelling: AS_FLAGS });
  const read = { rows: 0, failed: 0, tokens: 0, trained: 0 };

  for await (const row of sourceRows(file, prose)) {
    const outcome = attempt(row, (value, place) => renderRow(reader.read(value, place), { renderer, trainOnWhat }));
    read.rows += 1;
    if ('problem' in outcome) {
      read.failed += 1;
      const error = errorAt(file, row, outcome.problem);
      if (json) data(JSON.stringify({ error: errorData(error) }));
      else prose([error.message, error.hint ?? ''].filter((line) => line !== '').join('\n'));
    } else {
      const { tokens, weights } = outcome.value;
      const text = tokenTexts(tokens, renderer.tokenizer);
      const trained = weights.filter((weight) => weight !== 0).length;
      read.tokens += tokens.length;
      read.trained += trained;
      if (json) data(JSON.stringify({ tokens, weights, text }));
      else {
        if (read.rows - read.failed === 1) prose(legend(colors));
        const place = row.unit === 'line' ? `${shortPath(file)}:${row.number}` : `${shortPath(file)} row ${row.number}`;
        data('');
        data(`${colors.bold(place)}  ${plural(tokens.length, 'token')}, ${trained} trained`);
        for (const line of tokenLines(text, weights, { width, colors })) data(line);
      }
    }
    if (read.rows === limit || isClosed()) break;
  }
  if (read.rows === 0) throw new DataValidationError(`${file}: the file is empty`);

  for (const { message } of reader.notices()) prose(`${file}: ${message}`);
  if (!json) prose(summary(read));
  return { rows: read.rows, failed: read.failed };
}

function summary({ rows, failed, tokens, trained }: { rows: number; failed: number; tokens: number; trained: number }) {
  const bad = failed === 0 ? '' : `; ${failed} of them could not be rendered`;
  return `${plural(rows, 'row')}, ${plural(tokens, 'token')}, ${trained} trained${bad}`;
}

async function openRenderer(
  { model, renderer }: RenderOptions,
  registry: Registry,
  notify: (message: string) => void,
): Promise<Renderer> {
  const near = isHubName(model) ? '' : nearPathsHint(model, process.cwd());
  if (near !== '') throw new ConfigurationError(`--model ${model}: there is no such directory or file${near}`);
  const { directory } = await locateModel(model, { parts: 'tokenizer', notify });
  const tokenizer = await loadTokenizer(directory);
  const ref =
    renderer === null
      ? await recommendedRenderer({ modelName: model, tokenizer })
      : referenceFlag(rendererSlot, { flag: '--renderer', text: renderer }, registry);
  return await registry.build(rendererSlot, ref, { tokenizer });
}

const AS_FLAGS: OptionSpelling = {
  columns: (names) =>
    Object.entries(names)
      .map(([name, column]) => `--columns ${quote(`${name}=${column}`)}`)
      .join(' '),
  format: (name) => `--format ${name}`,
};

function columnNames(assignments: readonly string[]): ColumnNames | null {
  if (assignments.length === 0) return null;
  const pairs = assignments.map((assignment) => {
    const [, name = '', column = ''] = /^([^=]*)=(.+)$/s.exec(assignment) ?? [];
    if (column !== '' && COLUMN_NAMES.some((known) => known === name)) return [name, column] as const;
    throw new ConfigurationError(
      `--columns ${assignment}: expected NAME=COLUMN, NAME one of ${COLUMN_NAMES.join(', ')}`,
    );
  });
  return Object.fromEntries(pairs);
}
