// Colours for one stream: piped output has none.

import pc from 'picocolors';
import type { Colors } from 'picocolors/types.js';

/** Where CI is set picocolors takes every stream for a terminal, and `isTTY` of a pipe is not false but absent. */
export function colorsFor(stream: { isTTY?: boolean }): Colors {
  return pc.createColors(pc.isColorSupported && stream.isTTY === true);
}
