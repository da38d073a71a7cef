// Cosine and sine tables of the rotary position embedding: inputs of every graph, as long as the sequences that are read.

import type { ModelConfig } from '../formats/hf_config.ts';
import { rotaryFrequencies } from '../formats/rotary_frequencies.ts';
import type { Graph, Value } from './graph.ts';
import type { RotaryTables } from './ops.ts';
import { type Dense, floats } from './session.ts';

const COS = 'rotary_cos';
const SIN = 'rotary_sin';
const NEGATIVE_SIN = 'rotary_negative_sin';

/** The tables (P, head/2) in a graph, for positions (N, 1) below P. */
export function rotaryTables(g: Graph, positions: Value): RotaryTables {
  const table = (name: string) => g.input(name, 'float32');
  return { positions, cos: table(COS), sin: table(SIN), negativeSin: table(NEGATIVE_SIN) };
}

/** Makes the tables for positions below a length; they are kept, and made anew, twice as long, when a longer sequence comes. */
export function rotaryFeeds(config: ModelConfig): (length: number) => Record<string, Dense> {
  let known = 0;
  let feeds: Record<string, Dense> = {};
  return (length) => {
    if (length <= known) return feeds;
    known = 2 ** Math.ceil(Math.log2(length));
    const frequencies = rotaryFrequencies(config);
    const dims = [known, frequencies.length];
    const table = (of: (angle: number) => number) =>
      Float32Array.from({ length: dims[0] * dims[1] }, (_, i) =>
        of(Math.floor(i / dims[1]) * frequencies[i % dims[1]]),
      );
    feeds = {
      [COS]: floats(table(Math.cos), dims),
      [SIN]: floats(table(Math.sin), dims),
      [NEGATIVE_SIN]: floats(
        table((angle) => -Math.sin(angle)),
        dims,
      ),
    };
    return feeds;
  };
}
