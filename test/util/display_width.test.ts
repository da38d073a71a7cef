// Columns on a terminal.

import { describe, expect, test } from 'vitest';
import { displayWidth } from '../../src/util/display_width.ts';

describe('displayWidth', () => {
  test('counts columns of the terminal', () => {
    expect(['abc', '学習率', 'é', '🚀', '한글', '★ ▁█ ±'].map(displayWidth)).toEqual([3, 6, 1, 2, 4, 6]);
  });
});
