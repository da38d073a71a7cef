// The rows of a split of a data set as examples: each is read, rendered and cut to length when it is asked for.

import { locateSplit } from '../hub/dataset_split.ts';
import type { Renderer } from '../renderers/types.ts';
import { type Datum, modelInputFromTokens } from '../tinker/types.ts';
import { type CookbookError, DataValidationError } from '../util/errors.ts';
import type { JsonObject } from '../util/json.ts';
import { datumFromModelInputWeights } from './common.ts';
import { type ConversationReader, conversationReader } from './data/formats.ts';
import type { RowOrder } from './data/row_order.ts';
import { RowTable, type TableBlock } from './data/row_table.ts';
import { attempt, errorAt, type RowPlace, SKIP_HINT } from './data/rows.ts';
import type { HfDatasetParams } from './hf_dataset_params.ts';
import { renderingOf } from './split_rows.ts';
import { checkTrainedChoice, renderTrained } from './trained_messages.ts';
import type { DatasetContext } from './types.ts';

/** Rows that are looked at, until one says what all of them are. */
const LOOKED_AT = 20;

interface Rendering {
  renderer: Renderer;
  maxLength: number;
  reader: ConversationReader;
}

export class SplitExamples {
  /** As messages call it. */
  readonly name: string;
  readonly table: RowTable;
  readonly #params: HfDatasetParams;
  readonly #rendering: Rendering;
  readonly #warn: (message: string) => void;
  readonly #counts = new Map<string, number>();

  private constructor(
    name: string,
    table: RowTable,
    { params, rendering, warn }: { params: HfDatasetParams; rendering: Rendering; warn(message: string): void },
  ) {
    this.name = name;
    this.table = table;
    this.#params = params;
    this.#rendering = rendering;
    this.#warn = warn;
  }

  /** What its rows are is found out from the first of them, whichever are trained on first. */
  static async open(split: string, params: HfDatasetParams, context: DatasetContext): Promise<SplitExamples> {
    const { path, name: configuration, revision } = params;
    const { notify = () => undefined, warn, signal } = context;
    checkTrainedChoice(params, context.renderer);
    const reader = conversationReader(params);
    const rendering = { ...renderingOf(params, context, 'conversations'), reader };
    const files = await locateSplit({ name: path, revision }, { configuration, split }, { notify, signal });
    const table = await RowTable.open(files, notify);
    const name = [path, configuration, split].filter((part) => part !== null).join('/');
    if (table.length === 0) throw new DataValidationError(`${name}: the split is empty`);
    const examples = new SplitExamples(name, table, { params, rendering, warn });
    await examples.#settleFormat();
    for (const { level, message } of reader.notices()) (level === 'warning' ? warn : notify)(`${name}: ${message}`);
    return examples;
  }

  /** The example of a place in an order; null for a row of which nothing can be trained, which a warning counts. */
  async datumAt(order: RowOrder<TableBlock>, place: number): Promise<Datum | null> {
    const { window, row } = order.at(place);
    const value = await this.table.read(window, row);
    const outcome = this.#render(value, row);
    if ('value' in outcome) return outcome.value;
    if (this.#params.on_bad_row === 'error') throw this.#errorAt(row, outcome.problem);
    this.#count('left out as unusable', row, `left out: ${outcome.problem.message}`);
    return null;
  }

  #render(value: JsonObject, row: number): { value: Datum | null } | { problem: CookbookError } {
    const { reduction, train_on_what: trainOnWhat } = this.#params;
    const { reader, renderer, maxLength } = this.#rendering;
    return attempt({ unit: 'row', number: row + 1, value, problem: null }, (given, place) => {
      const { tokens, weights } = renderTrained(reader.read(given, place), renderer, this.#params);
      const firstTrained = weights.findIndex((weight) => weight > 0);
      if (firstTrained === -1) {
        const what = `left out, with nothing to train on by train_on_what: ${trainOnWhat}`;
        return this.#count('left out with nothing to train on', row, what);
      }
      if (firstTrained >= maxLength) {
        const what = `left out, with every trained token beyond max_length ${maxLength}`;
        return this.#count('left out as too long', row, what);
      }
      if (tokens.length > maxLength) this.#count('cut to max_length', row, `cut to max_length ${maxLength}`);
      return datumFromModelInputWeights(modelInputFromTokens(tokens), weights, { maxLength, reduction });
    });
  }

  /** A warning at the first row of a kind, and at every tenfold: nobody knows before the end how many there are. */
  #count(kind: string, row: number, what: string): null {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const { name, number } = this.table.placeOf(row);
    if (count === 1) this.#warn(`${name}: row ${number} is ${what}`);
    else if (/^10+$/.test(String(count))) this.#warn(`${this.name}: ${count} rows so far were ${kind}`);
    return null;
  }

  #errorAt(row: number, problem: CookbookError): CookbookError {
    const { name, number } = this.table.placeOf(row);
    const place: RowPlace = { unit: 'row', number };
    return errorAt(name, place, problem, SKIP_HINT);
  }

  async #settleFormat(): Promise<void> {
    for (const [row, value] of (await this.table.first(LOOKED_AT)).entries()) {
      const outcome = this.#render(value, row);
      if ('problem' in outcome && this.#params.on_bad_row === 'error') throw this.#errorAt(row, outcome.problem);
      if (this.#rendering.reader.format() !== null) return;
    }
  }
}
