// Where a game is named in a spec.

import { defineSlot } from '../../registry/slot.ts';
import type { TwoPlayerGame } from './game.ts';

export const gameSlot = defineSlot<object, TwoPlayerGame>({
  name: 'game',
  doc: 'A game of two players who move in turn.',
});
