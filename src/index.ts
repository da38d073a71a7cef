// What plugin authors and users of the library import as `tinker-cookbook`.

export { Type } from '@sinclair/typebox';
export * from './errors.ts';
export { type Evaluator, type EvaluatorContext, evaluatorSlot } from './evaluation/types.ts';
export { defineBuilder } from './registry/builder.ts';
export { builderOf, contents, nullable, oneOf, runtime, semantic } from './registry/fields.ts';
export { defineSlot } from './registry/slot.ts';
export { type Renderer, type RendererContext, rendererSlot } from './renderers/types.ts';
export {
  type DatasetContext,
  datasetSlot,
  type SupervisedDataset,
  type SupervisedDatasets,
} from './supervised/types.ts';
export { type ServiceContext, serviceSlot } from './tinker/service.ts';
export { type Trainer, type TrainingContext, type TrainingOutcome, trainerSlot } from './training/types.ts';
