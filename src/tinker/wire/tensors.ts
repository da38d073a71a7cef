// Tensors between protobuf and the API's types, dense and sparse, and what of their shapes must hold in any form.

import type { SparseTensorData, TensorData, TensorDType } from '../types.ts';
import { WireError } from './error.ts';
import { bfloat16Of, float32Bytes, float32Of, int32Of, int64Bytes, int64Of } from './numbers.ts';
import type { Message } from './schema.ts';

export type AnyTensorData = TensorData | SparseTensorData;

/** Bytes that a number takes, by the number of its type. */
const WIDTHS: Readonly<Record<number, number>> = { 1: 4, 2: 8, 3: 4, 4: 2 };
const DTYPE_NUMBER = { float32: 1, int64: 2 } as const satisfies Record<TensorDType, number>;

/** Cells that the sparse tensors of one request may still unfold to: a few bytes can name billions. */
export interface DenseRoom {
  cells: number;
}

/** For one request: 256 MiB of float64. */
export const denseRoom = (): DenseRoom => ({ cells: 2 ** 25 });

export function isSparse(tensor: AnyTensorData): tensor is SparseTensorData {
  return 'sparse_crow_indices' in tensor;
}

/** The numbers of a type as the API has them: int32 as int64, bfloat16 as float32. */
export function decodeValues(
  bytes: Uint8Array,
  dtype: number,
  place: string,
): { dtype: 'float32'; data: Float32Array } | { dtype: 'int64'; data: number[] } {
  if (dtype === 1) return { dtype: 'float32', data: float32Of(bytes, place) };
  if (dtype === 2) return { dtype: 'int64', data: int64Of(bytes, place) };
  if (dtype === 3) return { dtype: 'int64', data: Array.from(int32Of(bytes, place)) };
  if (dtype === 4) return { dtype: 'float32', data: bfloat16Of(bytes, place) };
  throw new WireError(`${place}.dtype`, `must be 1 (float32), 2 (int64), 3 (int32) or 4 (bfloat16), not ${dtype}`);
}

export function encodeValues({ dtype, data }: Pick<TensorData, 'dtype' | 'data'>, place: string): Uint8Array {
  return dtype === 'float32' ? float32Bytes(data) : int64Bytes(data, place);
}

export const dtypeNumber = (dtype: TensorDType): number => DTYPE_NUMBER[dtype];
export const widthOf = (dtype: number): number => WIDTHS[dtype] ?? 1;

/** In the layout that it has on the wire. Without a shape it is a vector. */
export function decodeTensor(message: Message<'Tensor'>, place: string): AnyTensorData {
  const { dense, sparse_csr, dtype = 0, shape = [] } = message;
  if (sparse_csr === undefined) {
    const values = decodeValues(dense ?? new Uint8Array(), dtype, place);
    const tensor = { ...values, shape: shape.length === 0 ? [values.data.length] : [...shape] };
    checkDense(tensor, place);
    return tensor;
  }
  const { values = new Uint8Array(), crow_indices = new Uint8Array(), col_indices = new Uint8Array() } = sparse_csr;
  const tensor = {
    ...decodeValues(values, dtype, place),
    shape: [...shape],
    sparse_crow_indices: int64Of(crow_indices, `${place}.sparse_crow_indices`),
    sparse_col_indices: int64Of(col_indices, `${place}.sparse_col_indices`),
  };
  checkSparse(tensor, place);
  return tensor;
}

export function encodeTensor(tensor: AnyTensorData, place: string): Message<'Tensor'> {
  const values = encodeValues(tensor, place);
  const head = { dtype: dtypeNumber(tensor.dtype), shape: tensor.shape };
  if (!isSparse(tensor)) {
    checkDense(tensor, place);
    return { ...head, dense: values };
  }
  checkSparse(tensor, place);
  const crow_indices = int64Bytes(tensor.sparse_crow_indices, place);
  return { ...head, sparse_csr: { values, crow_indices, col_indices: int64Bytes(tensor.sparse_col_indices, place) } };
}

/** With `missing` in the cells that a sparse tensor does not list; a dense one as it is. */
export function denseTensor(tensor: AnyTensorData, missing: number, room: DenseRoom, place: string): TensorData {
  if (!isSparse(tensor)) return tensor;
  const { data, dtype, shape, sparse_crow_indices: starts, sparse_col_indices: columns } = tensor;
  const [rows, width] = shape;
  room.cells -= rows * width;
  if (room.cells < 0) {
    throw new WireError(place, `of shape [${shape}], which is more than one request may hold`, {
      hint: 'Send fewer sparse tensors in one request, or narrower ones.',
    });
  }
  const cells =
    dtype === 'float32' ? new Float32Array(rows * width).fill(missing) : new Array<number>(rows * width).fill(missing);
  for (let row = 0; row < rows; row++) {
    for (let i = starts[row]; i < starts[row + 1]; i++) cells[row * width + columns[i]] = data[i];
  }
  return { data: cells, dtype, shape };
}

export function checkDense({ data, shape }: TensorData, place: string): void {
  checkSizes(shape, place);
  const cells = shape.reduce((product, size) => product * size, 1);
  if (cells !== data.length) {
    throw new WireError(place, `shape [${shape}] takes ${cells} values, and there are ${data.length}`);
  }
}

export function checkSparse(tensor: SparseTensorData, place: string): void {
  const { data, shape, sparse_crow_indices: starts, sparse_col_indices: columns } = tensor;
  checkSizes(shape, place);
  if (shape.length !== 2) throw new WireError(`${place}.shape`, `a sparse tensor has two dimensions, not [${shape}]`);
  const [rows, width] = shape;
  const falls = starts.some((start, row) => row > 0 && start < starts[row - 1]);
  if (falls || starts.length !== rows + 1 || starts[0] !== 0 || starts[rows] !== data.length) {
    throw new WireError(
      `${place}.sparse_crow_indices`,
      `must be ${rows + 1} numbers rising from 0 to ${data.length}, where each row's values begin and the last ones end`,
    );
  }
  if (columns.length !== data.length) {
    throw new WireError(`${place}.sparse_col_indices`, `${columns.length} columns for ${data.length} values`);
  }
  for (let row = 0; row < rows; row++) {
    let last = -1;
    for (let i = starts[row]; i < starts[row + 1]; i++) {
      if (!(columns[i] > last && columns[i] < width)) {
        throw new WireError(`${place}.sparse_col_indices`, `row ${row} must ascend from 0 to at most ${width - 1}`);
      }
      last = columns[i];
    }
  }
}

function checkSizes(shape: readonly number[], place: string): void {
  const wrong = shape.find((size) => !Number.isSafeInteger(size) || size < 0);
  if (wrong !== undefined) throw new WireError(`${place}.shape`, `${wrong} is no size`);
}
