// Demonstrations from a file of conversations: the last reply of each is one, and what stands before it is asked.

import { visibleText } from '../completers/completers.ts';
import type { FieldProblem } from '../registry/builder.ts';
import type { Renderer } from '../renderers/types.ts';
import { batchedDataset } from '../supervised/batches.ts';
import { checkRowFiles } from '../supervised/check_rows.ts';
import { conversationReader } from '../supervised/data/formats.ts';
import { namedRows, type RowPlace, readRows } from '../supervised/data/rows.ts';
import { renderRow } from '../supervised/render_row.ts';
import { type RowPart, renderingOf, splitRows } from '../supervised/split_rows.ts';
import type { DatasetContext } from '../supervised/types.ts';
import { DataValidationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import type { JsonObject } from '../util/json.ts';
import type { DemonstrationFileParams } from './demonstration_params.ts';
import type { Demonstration, DemonstrationDataset, DemonstrationDatasets } from './demonstrations.ts';

type Reader = (row: JsonObject, place: RowPlace) => Demonstration;

/** Everything that can be wrong with the data shows here, before training begins. */
export async function demonstrationFileDatasets(
  params: DemonstrationFileParams,
  context: DatasetContext,
): Promise<DemonstrationDatasets> {
  const rendering = renderingOf({ max_length: null }, context, 'demonstrations');
  const { train, test } = await splitRows(params, context, (file) =>
    loadDemonstrations(file, params, { ...context, ...rendering }),
  );
  return { train: datasetOf(train, params), test: test === null ? null : datasetOf(test, params) };
}

function datasetOf(
  { rows, file, shuffleSeeds }: RowPart<Demonstration | null>,
  { batch_size: batchSize }: DemonstrationFileParams,
): DemonstrationDataset {
  const demonstrations = rows.filter((row) => row !== null);
  if (demonstrations.length === 0) {
    throw new DataValidationError(`${shortPath(file)}: no demonstration is left that the model can read`, {
      hint: 'The warnings say why rows were left out.',
    });
  }
  return batchedDataset({
    length: demonstrations.length,
    exampleAt: (index) => demonstrations[index],
    batchSize,
    shuffleSeeds,
  });
}

/** One entry a row of the file; null for one that is longer than the model reads, which a warning then tells. */
async function loadDemonstrations(
  file: string,
  params: DemonstrationFileParams,
  { renderer, maxLength, warn, notify, signal }: DatasetContext & { renderer: Renderer; maxLength: number },
): Promise<(Demonstration | null)[]> {
  const tooLong: RowPlace[] = [];
  const read = readerOf(params, renderer);
  const rows = await readRows(file, { onBadRow: params.on_bad_row, warn, notify, signal }, (row, place) => {
    const { demonstration, length } = read(row, place);
    if (length <= maxLength) return demonstration;
    tooLong.push(place);
    return null;
  });
  if (tooLong.length > 0) {
    warn(
      `${shortPath(file)}: ${tooLong.length} of ${rows.length} demonstrations left out, longer than the ${maxLength} tokens that the model takes (${namedRows(tooLong)})`,
    );
  }
  return rows;
}

export async function checkDemonstrationFile(
  params: DemonstrationFileParams,
  renderer: Renderer | null,
): Promise<FieldProblem[]> {
  return await checkRowFiles(params, () =>
    renderer === null ? demonstrationReader(params) : readerOf(params, renderer),
  );
}

/** A demonstration, and how many tokens it takes. */
function readerOf(params: DemonstrationFileParams, renderer: Renderer) {
  const read = demonstrationReader(params);
  return (row: JsonObject, place: RowPlace) => {
    const demonstration = read(row, place);
    const messages = [...demonstration.prompt, demonstration.completion];
    const { tokens } = renderRow({ messages, ignored: [] }, { renderer, trainOnWhat: 'last_assistant_message' });
    return { demonstration, length: tokens.length };
  };
}

function demonstrationReader({ format, columns }: DemonstrationFileParams): Reader {
  const reader = conversationReader({ format, columns });
  return (row, place) => {
    const { messages, tools = [] } = reader.read(row, place);
    const completion = messages.at(-1);
    const prompt = messages.slice(0, -1);
    if (completion?.role !== 'assistant') {
      throw new DataValidationError(
        `the conversation ends with ${completion?.role ?? 'nothing'}, and not with a reply that demonstrates something`,
      );
    }
    if (prompt.at(-1)?.role !== 'user') {
      throw new DataValidationError(
        `the last reply follows ${prompt.at(-1)?.role ?? 'nothing'}, and not a question of the user`,
      );
    }
    if (visibleText(completion).trim() === '' || (completion.tool_calls ?? []).length > 0 || tools.length > 0) {
      throw new DataValidationError('the last reply must be text: a call of a tool cannot be shown as an example');
    }
    return { prompt, completion };
  };
}
