// Spec fields of what asks for sums.

import { Type } from '@sinclair/typebox';
import { semantic } from '../../registry/fields.ts';

export const sumFields = {
  max_operand: semantic(
    Type.Integer({ minimum: 1, maximum: 999, default: 100, description: 'Largest number to add.' }),
  ),
  in_words: semantic(Type.Boolean({ default: false, description: 'Ask "What is seventeen plus twenty-five?"' })),
  example: semantic(Type.Boolean({ default: true, description: 'Show a worked sum in front of every question.' })),
};
