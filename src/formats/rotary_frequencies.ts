// Frequencies of the rotary position embedding, with the scalings that config.json may ask for.

import type { ModelConfig } from './hf_config.ts';

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
