// Training examples between protobuf and the API's types.

import type { Datum, ModelInputChunk, ProvenanceSpan } from '../types.ts';
import { type FieldErrorKind, UnwritableError, WireError } from './error.ts';
import { int32Bytes, int32Of } from './numbers.ts';
import { audioRefused, imageFormat, lengthNeeded } from './pictures.ts';
import type { Message } from './schema.ts';
import { type DenseRoom, decodeTensor, denseTensor, encodeTensor } from './tensors.ts';

/** `mask`: the positions besides those of the loss that report log-probs; absent: all do. */
export function encodeDatum(datum: Datum, place: string, mask?: ArrayLike<number>): Message<'Datum'> {
  const { model_input, loss_fn_inputs, model_input_spans = [], loss_fn_input_spans = [] } = datum;
  return {
    model_input: model_input.chunks.map((chunk, i) => encodeChunk(chunk, `${place}.model_input.chunks[${i}]`)),
    loss_fn_inputs: Object.entries(loss_fn_inputs).map(([key, tensor]) => ({
      key,
      value: encodeTensor(tensor, `${place}.loss_fn_inputs.${key}`),
    })),
    model_input_spans: model_input_spans.map((span, i) => encodeSpan(span, `${place}.model_input_spans[${i}]`)),
    loss_fn_input_spans: loss_fn_input_spans.map((span, i) => encodeSpan(span, `${place}.loss_fn_input_spans[${i}]`)),
    ...(mask && { logprob_mask: Uint8Array.from(mask, (value) => (value === 0 ? 0 : 1)) }),
  };
}

/** Sparse inputs become dense ones: a cell that is not listed is 0, a token or a weight. */
export function decodeDatum(message: Message<'Datum'>, room: DenseRoom, place: string): Datum {
  const { model_input = [], loss_fn_inputs = [], model_input_spans, loss_fn_input_spans } = message;
  return {
    model_input: {
      chunks: model_input.map((chunk, i) => decodeChunk(chunk, `${place}.model_input.chunks[${i}]`)),
    },
    loss_fn_inputs: Object.fromEntries(
      loss_fn_inputs.map(({ key = '', value = {} }) => {
        const at = `${place}.loss_fn_inputs.${key}`;
        return [key, denseTensor(decodeTensor(value, at), 0, room, at)];
      }),
    ),
    ...(model_input_spans && { model_input_spans: decodeSpans(model_input_spans, `${place}.model_input_spans`) }),
    ...(loss_fn_input_spans && {
      loss_fn_input_spans: decodeSpans(loss_fn_input_spans, `${place}.loss_fn_input_spans`),
    }),
  };
}

function encodeChunk(chunk: ModelInputChunk, place: string): Message<'Chunk'> {
  if (chunk.type === 'encoded_text') return { encoded_text: { tokens: int32Bytes(chunk.tokens, `${place}.tokens`) } };
  const { data, format, expected_tokens } = chunk;
  return { image: { data, format, expected_tokens: lengthNeeded(expected_tokens, place, UnwritableError) } };
}

function decodeChunk({ encoded_text, image, dmel }: Message<'Chunk'>, place: string): ModelInputChunk {
  if (encoded_text) {
    const tokens = Array.from(int32Of(encoded_text.tokens ?? new Uint8Array(), `${place}.tokens`));
    return { type: 'encoded_text', tokens };
  }
  if (image) {
    return {
      type: 'image',
      data: image.data ?? new Uint8Array(),
      format: imageFormat(image.format, place),
      expected_tokens: lengthNeeded(image.expected_tokens, place),
    };
  }
  if (dmel) throw audioRefused(place);
  throw new WireError(place, 'must hold tokens or a picture, and holds neither');
}

function encodeSpan({ type, sequence_id, offset, length }: ProvenanceSpan, place: string): Message<'ProvenanceSpan'> {
  checkPositions({ offset, length }, place, UnwritableError);
  const span = { sequence_id, offset, length };
  return type === 'prompt' ? { prompt_tokens: span } : { sampled_tokens: span };
}

function decodeSpans(spans: readonly Message<'ProvenanceSpan'>[], place: string): ProvenanceSpan[] {
  return spans.map(({ prompt_tokens, sampled_tokens }, i) => {
    const span = prompt_tokens ?? sampled_tokens;
    if (!span) throw new WireError(`${place}[${i}]`, 'must be of a prompt or of sampled tokens, and is of neither');
    const { sequence_id = '', offset = 0, length = 0 } = span;
    checkPositions({ offset, length }, `${place}[${i}]`, WireError);
    return { type: prompt_tokens ? 'prompt' : 'sampled', sequence_id, offset, length };
  });
}

function checkPositions(positions: Record<string, number>, place: string, Fault: FieldErrorKind): void {
  for (const [name, value] of Object.entries(positions)) {
    if (!(Number.isSafeInteger(value) && value >= 0)) {
      throw new Fault(`${place}.${name}`, `must be an integer from 0 to 2^53, not ${value}`);
    }
  }
}
