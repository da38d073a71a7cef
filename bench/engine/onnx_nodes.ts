// The operators of an encoded ONNX model, in their order (field numbers: onnx/onnx.proto3). What is not asked for is skipped.

import protobuf from 'protobufjs/light.js';

export interface OnnxNode {
  opType: string;
  inputs: string[];
  /** Attributes that are whole numbers. */
  integers: Map<string, number>;
  /** For every input, whether it comes with the graph, or is made of nothing but what does. */
  constant: boolean[];
}

const root = protobuf.Root.fromJSON({
  nested: {
    Model: { fields: { graph: { id: 7, type: 'Graph' } } },
    Graph: {
      fields: {
        node: { id: 1, type: 'Node', rule: 'repeated' },
        initializer: { id: 5, type: 'Tensor', rule: 'repeated' },
      },
    },
    Node: {
      fields: {
        input: { id: 1, type: 'string', rule: 'repeated' },
        output: { id: 2, type: 'string', rule: 'repeated' },
        opType: { id: 4, type: 'string' },
        attribute: { id: 5, type: 'Attribute', rule: 'repeated' },
      },
    },
    Attribute: { fields: { name: { id: 1, type: 'string' }, i: { id: 3, type: 'int64' } } },
    Tensor: { fields: { name: { id: 8, type: 'string' } } },
  },
});

interface Decoded {
  graph: {
    node: { input: string[]; output: string[]; opType: string; attribute: { name: string; i: number }[] }[];
    initializer: { name: string }[];
  };
}

export function nodesOf(model: Uint8Array): OnnxNode[] {
  const type = root.lookupType('Model');
  const decoded: Decoded = JSON.parse(
    JSON.stringify(type.toObject(type.decode(model), { longs: Number, arrays: true, defaults: true })),
  );
  const constants = new Set(decoded.graph.initializer.map(({ name }) => name));
  return decoded.graph.node.map(({ input, output, opType, attribute }) => {
    const constant = input.map((name) => constants.has(name));
    if (constant.length > 0 && constant.every(Boolean)) for (const name of output) constants.add(name);
    return { opType, inputs: input, constant, integers: new Map(attribute.map(({ name, i }) => [name, i])) };
  });
}
