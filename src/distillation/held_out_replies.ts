// Held-out demonstrations as what the evaluator `nll` measures: the prompt as a student sees it, and the reply that is shown.

import type { Renderer } from '../renderers/types.ts';
import { datumFromModelInputWeights } from '../supervised/common.ts';
import type { Datum } from '../tinker/types.ts';
import type { HeldOut } from '../training/evaluator.ts';
import type { Demonstration, DemonstrationDataset } from './demonstrations.ts';

export function heldOutReplies(test: DemonstrationDataset, renderer: Renderer): HeldOut {
  return {
    length: test.length,
    getBatch: async (index) =>
      (await test.getBatch(index)).map((demonstration) => demonstrationDatum(demonstration, renderer)),
  };
}

/** A demonstration as supervised training has it: of its reply every token counts alike. */
export function demonstrationDatum({ prompt, completion }: Demonstration, renderer: Renderer): Datum {
  const { model_input, weights } = renderer.buildSupervisedExample([...prompt, completion], 'last_assistant_message');
  return datumFromModelInputWeights(model_input, weights, { reduction: 'none' });
}
