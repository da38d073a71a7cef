// Cosine and sine tables of the rotary position embedding.

import type { ModelConfig } from '../weights/hf_config.ts';
import { rotaryFrequencies } from '../weights/rotary_frequencies.ts';
import type { Graph, Value } from './graph.ts';
import type { RotaryTables } from './ops.ts';

/** The tables as constants of a graph, for positions up to the model's context length. */
export function rotaryCache(g: Graph, config: ModelConfig, positions: Value): RotaryTables {
  const frequencies = rotaryFrequencies(config);
  const length = config.max_position_embeddings;
  const table = (name: string, of: (angle: number) => number): Value => {
    const values = new Float32Array(length * frequencies.length);
    for (let p = 0; p < length; p++) {
      for (let i = 0; i < frequencies.length; i++) values[p * frequencies.length + i] = of(p * frequencies[i]);
    }
    const data = new Uint8Array(values.buffer);
    return g.initializer({ name, type: 'float32', dims: [length, frequencies.length], data });
  };
  return {
    positions,
    cos: table('rotary_cos', Math.cos),
    sin: table('rotary_sin', Math.sin),
    negativeSin: table('rotary_negative_sin', (angle) => -Math.sin(angle)),
  };
}
