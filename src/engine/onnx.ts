// The part of the ONNX file format that the engine emits, encoded with protobufjs (field numbers: onnx/onnx.proto3).

import protobuf from 'protobufjs/light.js';

const ELEMENT_TYPE = { float32: 1, uint8: 2, int8: 3, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof ELEMENT_TYPE;

export type Attribute = number | string | readonly number[] | { float: number } | { graph: OnnxBranch };

/** A graph inside an operator, which sees the edges of the graph around it. */
interface OnnxBranch {
  nodes: OnnxNode[];
  /** Its only output, a float. */
  output: string;
}

export interface OnnxNode {
  opType: string;
  domain: string;
  inputs: string[];
  outputs: string[];
  attributes: Record<string, Attribute>;
}

/**
 * An input or an output. Shapes are not told, though they could be: the runtime would plan from them which buffers to use
 * again, which takes it seconds in graphs of thousands of operators and makes them neither smaller nor faster.
 */
export interface OnnxTensorInfo {
  name: string;
  type: ElementType;
}

/** Values that come with the graph: bytes inside it, or a stretch of a file beside it. */
export interface OnnxInitializer {
  name: string;
  type: ElementType;
  dims: number[];
  data: Uint8Array | { location: string; offset: number; length: number };
}

export interface OnnxGraph {
  nodes: OnnxNode[];
  inputs: OnnxTensorInfo[];
  outputs: OnnxTensorInfo[];
  initializers: OnnxInitializer[];
}

const IR_VERSION = 8;
/** Version 17 of the standard operators, and ONNX Runtime's own (`com.microsoft`). */
const OPSETS = [
  { domain: '', version: 17 },
  { domain: 'com.microsoft', version: 1 },
];
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, graph: 5, ints: 7 };
const EXTERNAL = 1;

type FieldSpec = [id: number, type: string, rule?: 'repeated'];

const MESSAGES: Record<string, Record<string, FieldSpec>> = {
  Model: { irVersion: [1, 'int64'], graph: [7, 'Graph'], opsetImport: [8, 'OperatorSet', 'repeated'] },
  OperatorSet: { domain: [1, 'string'], version: [2, 'int64'] },
  Graph: {
    node: [1, 'Node', 'repeated'],
    name: [2, 'string'],
    initializer: [5, 'Tensor', 'repeated'],
    input: [11, 'ValueInfo', 'repeated'],
    output: [12, 'ValueInfo', 'repeated'],
  },
  Node: {
    input: [1, 'string', 'repeated'],
    output: [2, 'string', 'repeated'],
    name: [3, 'string'],
    opType: [4, 'string'],
    attribute: [5, 'Attribute', 'repeated'],
    domain: [7, 'string'],
  },
  Attribute: {
    name: [1, 'string'],
    f: [2, 'float'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    g: [6, 'Graph'],
    ints: [8, 'int64', 'repeated'],
    type: [20, 'int32'],
  },
  Tensor: {
    dims: [1, 'int64', 'repeated'],
    dataType: [2, 'int32'],
    name: [8, 'string'],
    rawData: [9, 'bytes'],
    externalData: [13, 'Entry', 'repeated'],
    dataLocation: [14, 'int32'],
  },
  Entry: { key: [1, 'string'], value: [2, 'string'] },
  ValueInfo: { name: [1, 'string'], type: [2, 'Type'] },
  Type: { tensorType: [1, 'TensorType'] },
  TensorType: { elemType: [1, 'int32'] },
};

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(MESSAGES).map(([message, fields]) => [
      message,
      {
        fields: Object.fromEntries(
          Object.entries(fields).map(([name, [id, type, rule]]) => [name, rule ? { id, type, rule } : { id, type }]),
        ),
      },
    ]),
  ),
});
const Model = root.lookupType('Model');

/** The bytes of an ONNX model with this one graph. */
export function encodeOnnx(graph: OnnxGraph): Uint8Array {
  return Model.encode({
    irVersion: IR_VERSION,
    opsetImport: OPSETS,
    graph: {
      name: 'cookbook',
      node: graph.nodes.map(encodeNode),
      initializer: graph.initializers.map(encodeInitializer),
      input: graph.inputs.map(encodeInfo),
      output: graph.outputs.map(encodeInfo),
    },
  }).finish();
}

function encodeNode(node: OnnxNode): object {
  return {
    name: node.outputs[0],
    input: node.inputs,
    output: node.outputs,
    opType: node.opType,
    domain: node.domain,
    attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value)),
  };
}

function encodeAttribute(name: string, value: Attribute) {
  if (typeof value === 'number') return { name, type: ATTRIBUTE_TYPE.int, i: value };
  if (typeof value === 'string') return { name, type: ATTRIBUTE_TYPE.string, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float };
  if ('graph' in value) {
    const { nodes, output } = value.graph;
    const g = { name, node: nodes.map(encodeNode), output: [encodeInfo({ name: output, type: 'float32' })] };
    return { name, type: ATTRIBUTE_TYPE.graph, g };
  }
  return { name, type: ATTRIBUTE_TYPE.ints, ints: value };
}

function encodeInitializer({ name, type, dims, data }: OnnxInitializer) {
  const head = { name, dims, dataType: ELEMENT_TYPE[type] };
  if (data instanceof Uint8Array) return { ...head, rawData: data };
  const externalData = Object.entries(data).map(([key, value]) => ({ key, value: String(value) }));
  return { ...head, dataLocation: EXTERNAL, externalData };
}

function encodeInfo({ name, type }: OnnxTensorInfo) {
  return { name, type: { tensorType: { elemType: ELEMENT_TYPE[type] } } };
}
