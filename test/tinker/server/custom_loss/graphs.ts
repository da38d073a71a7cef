// Graphs of custom losses as the SDK sends them, written by hand.

export type Arg =
  | number
  | string
  | boolean
  | null
  | Arg[]
  | { ref: string }
  | { slice: (number | null)[] }
  | { tuple: Arg[] }
  | { ellipsis: true };

export interface Step {
  op: string;
  name: string;
  target: string;
  args: Arg[];
  kwargs?: Record<string, Arg>;
}

export const ref = (name: string): Arg => ({ ref: name });
export const call = (name: string, target: string, ...args: Arg[]): Step => ({
  op: 'call_function',
  name,
  target,
  args,
});
export const method = (name: string, target: string, ...args: Arg[]): Step => ({
  op: 'call_method',
  name,
  target,
  args,
});

/** The part of the request that describes the loss. */
export function graphOf(
  inputs: readonly (readonly [name: string, rank: number])[],
  steps: readonly Step[],
  loss: string,
  metrics: Record<string, string> = {},
) {
  const dict = Object.fromEntries(Object.entries(metrics).map(([name, node]) => [name, { ref: node }]));
  return {
    inputs: inputs.map(([name, rank]) => ({ name, rank })),
    graph: {
      format: 1,
      nodes: [
        ...inputs.map(([name]) => ({ op: 'placeholder', name, target: name, args: [], kwargs: {} })),
        ...steps.map((step) => ({ kwargs: {}, ...step })),
        { op: 'output', name: 'output', target: 'output', args: [{ tuple: [{ ref: loss }, { dict }] }], kwargs: {} },
      ],
    },
  };
}
