// Where the positions of a datum come from, as far as it says. Nothing here is computed from it, so only what no service could make
// sense of is refused.

import { type Datum, lengthOf, type ProvenanceSpan } from '../types.ts';
import { WireError } from '../wire/error.ts';

/** Throws for spans that do not cover what they are of, position for position. */
export function checkProvenance(
  { model_input, loss_fn_inputs, model_input_spans: input, loss_fn_input_spans: targets }: Datum,
  place: string,
): void {
  if (input === undefined && targets === undefined) return;
  if (input === undefined || targets === undefined) {
    throw new WireError(place, 'has spans of its input or of its targets, and needs both or neither');
  }
  checkCover(input, lengthOf(model_input), `${place}.model_input_spans`);
  const shape = loss_fn_inputs.target_tokens?.shape ?? [];
  if (shape.length === 1) checkCover(targets, shape[0], `${place}.loss_fn_input_spans`);
}

function checkCover(spans: readonly ProvenanceSpan[], positions: number, place: string): void {
  const covered = spans.reduce((sum, { length }) => sum + length, 0);
  if (covered !== positions) throw new WireError(place, `cover ${covered} positions of ${positions}`);
}
