// The search that is none: every combination.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { type Search, searchSlot } from '../types.ts';

export const gridSearch = defineBuilder({
  slot: searchSlot,
  name: 'grid',
  version: 1,
  doc: 'Every combination of the values of the axes, the last axis fastest.',
  params: Type.Object({}),
  build: (): Search => ({ kind: 'all' }),
});
