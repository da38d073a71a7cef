// What plugin authors and library users import.

export { type Static, Type } from '@sinclair/typebox';
export { builtinRegistry } from './builtin.ts';
export {
  type CompletedMessage,
  type Completion,
  type CompletionOptions,
  type MessageCompleter,
  type MessageCompleterOptions,
  type TinkerCompleterOptions,
  type TokenCompleter,
  tinkerMessageCompleter,
  tinkerTokenCompleter,
} from './completers/completers.ts';
export {
  type Demonstration,
  type DemonstrationDataset,
  type DemonstrationDatasets,
  demonstrationDatasetSlot,
} from './distillation/demonstrations.ts';
export { type ProblemBenchmarkOptions, problemBenchmark } from './evaluation/problem_benchmark.ts';
export { type ReplySampling, rendererOf, sampleReplies } from './evaluation/sample_replies.ts';
export { type Benchmark, type BenchmarkContext, type BenchmarkExample, benchmarkSlot } from './evaluation/types.ts';
export {
  getModelAttributes,
  getRecommendedRendererName,
  getRecommendedRendererNames,
  type ModelAttributes,
} from './models/model_info.ts';
export {
  type PreferenceModel,
  type PreferenceModelContext,
  preferenceModelSlot,
  type Score,
  type ScoringModel,
  scoringModel,
} from './preference/models/preference_model.ts';
export {
  type PairwiseGroupOptions,
  pairwiseGroup,
  TOURNAMENT_PATTERNS,
  type TournamentPattern,
} from './preference/pairwise/pairwise_env.ts';
export {
  type Comparison,
  type LabeledComparison,
  type PreferenceDataset,
  type PreferenceDatasets,
  type PreferenceLabel,
  type PreferencePair,
  preferenceDatasetSlot,
} from './preference/types.ts';
export type { Player, Position as GamePosition, TwoPlayerGame } from './recipes/games/game.ts';
export { gameSlot } from './recipes/games/slot.ts';
export { extractBoxed } from './recipes/math/boxed.ts';
export { type GradeOptions, gradeAnswer } from './recipes/math/grade_answer.ts';
export { defineBuilder } from './registry/builder.ts';
export {
  builderOf,
  contents,
  nullable,
  oneOf,
  runtime,
  semantic,
  type WeightsRef,
  weights,
} from './registry/fields.ts';
export type { Headline, HeadlineOf } from './registry/headline.ts';
export { Registry } from './registry/registry.ts';
export { type BuilderRef, defineSlot, type Make, reference, type Slot } from './registry/slot.ts';
export { createRenderer, type MessageFormat, type RenderedMessage, type RendererTraits } from './renderers/base.ts';
export { type ListedRenderer, listedRenderers } from './renderers/command.ts';
export { getRenderer, type RendererFactory, registerRenderer } from './renderers/get_renderer.ts';
export { toOpenaiMessage } from './renderers/openai_message.ts';
export { type Piece, said, written } from './renderers/pieces.ts';
export { recommendedRenderer } from './renderers/recommended.ts';
export * from './renderers/types.ts';
export { type Corpus, type Passage, type Retriever, type RetrieverContext, retrieverSlot } from './retrieval/types.ts';
export { type InterleavedOptions, interleavedDataset } from './rl/interleaved.ts';
export {
  type EnvFromMessageEnvOptions,
  envFromMessageEnv,
  type MessageEnv,
  type MessageStepResult,
} from './rl/message_env.ts';
export { type ParseErrorPolicy, parseErrorFields, parseErrorPolicyField } from './rl/parse_errors.ts';
export {
  type Problem,
  type ProblemDatasetOptions,
  type ProblemEnvOptions,
  type ProblemGroupOptions,
  problemDataset,
  problemEnv,
  problemGroup,
} from './rl/problem_env.ts';
export {
  type AgentToolEnvOptions,
  agentToolEnv,
  type BuildAgentToolEnvOptions,
  buildAgentToolEnv,
  type RewardFn,
} from './rl/tool_env.ts';
export * from './rl/tools.ts';
export * from './rl/types.ts';
export * from './sandbox/types.ts';
export { computeBpb, computeMeanNll, datumFromModelInputWeights } from './supervised/common.ts';
export { fromOpenaiMessages } from './supervised/data/messages.ts';
export { packedDataset } from './supervised/packing.ts';
export {
  type DatasetContext,
  datasetSlot,
  type SupervisedDataset,
  type SupervisedDatasets,
} from './supervised/types.ts';
export * from './tinker/clients.ts';
export { type ServiceContext, serviceSlot } from './tinker/service.ts';
export * from './tinker/types.ts';
export { loadTokenizer } from './tokenizers/hf_tokenizer.ts';
export { tokenizerSlot } from './tokenizers/slot.ts';
export { trainBpe } from './tokenizers/train_bpe.ts';
export type { Tokenizer } from './tokenizers/types.ts';
export { CHATML_SPECIAL_TOKENS, writeTokenizer } from './tokenizers/write_tokenizer.ts';
export type { CheckpointPolicy, LoopState, SavingClient } from './training/checkpoint_manager.ts';
export {
  type EvaluationInput,
  type Evaluator,
  type EvaluatorContext,
  evaluationBy,
  evaluatorSlot,
  type HeldOut,
} from './training/evaluator.ts';
export {
  type AdaptedParts,
  getFullFinetuneLrMultiplier,
  getFullFinetuneParamCount,
  getLoraLrMultiplier,
  getLoraLrOverFullFinetuneLr,
  getLoraParamCount,
  getLr,
} from './training/hyperparams.ts';
export { type Evaluation, Journal, type JournalOptions } from './training/journal.ts';
export type { OtherModel, OtherModels } from './training/other_models.ts';
export type { PastPolicies, PastPolicy } from './training/past_policies.ts';
export {
  type LoggedRow,
  type LoggedRun,
  type LoggedState,
  type Sink,
  type SinkContext,
  sinkSlot,
} from './training/sink.ts';
export { IterationTimer } from './training/trace.ts';
export {
  type CheckpointLog,
  type CheckpointRecord,
  type Learned,
  type Metrics,
  type MetricsLog,
  type ResolvedWeights,
  type Trainer,
  type TrainingContext,
  type TrainingEvent,
  type TrainingOutcome,
  trainerSlot,
} from './training/types.ts';
export * from './util/errors.ts';
