// Cosine and sine tables of the rotary position embedding, with the frequency scalings that config.json may ask for.

import type { Graph, Value } from './graph.ts';
import type { RotaryTables } from './ops.ts';
import type { ModelConfig } from './weights/hf_config.ts';

/** Angular frequency of each of the head/2 pairs, in radians a position. */
export function rotaryFrequencies(config: ModelConfig): Float64Array {
  const half = config.head_dim / 2;
  const frequencies = Float64Array.from({ length: half }, (_, i) => config.rope_theta ** (-i / half));
  const scaling = config.rope_scaling;
  if (scaling === null) return frequencies;
  if (scaling.rope_type === 'linear') return frequencies.map((f) => f / scaling.factor);
  // Llama 3.1: long wavelengths are stretched by `factor`, short ones kept, those between interpolated.
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: context } = scaling;
  return frequencies.map((f) => {
    const turns = (context * f) / (2 * Math.PI);
    const share = Math.min(Math.max((turns - low) / (high - low), 0), 1);
    return f * (share + (1 - share) / factor);
  });
}

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
