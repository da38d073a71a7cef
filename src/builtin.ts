// The builders that come with the package: the one place that knows them all. Definitions are light; what they build is not.

import { offPolicyBuilders } from './distillation/off_policy_builders.ts';
import { onPolicyDistillation } from './distillation/on_policy_builder.ts';
import { hubPrompts, prompts } from './distillation/prompts_builder.ts';
import { local } from './engine/builder.ts';
import { benchmarkEvaluator } from './evaluation/benchmark_evaluator.ts';
import { comparisonBenchmark } from './evaluation/comparison_benchmark.ts';
import { preferenceBuilders } from './preference/builders.ts';
import { preferenceModels } from './preference/models/preference_models.ts';
import { pairwisePreference } from './preference/pairwise/pairwise_builder.ts';
import { aimeBenchmark } from './recipes/aime/benchmark.ts';
import { arithmeticBenchmark } from './recipes/arithmetic/benchmark.ts';
import { arithmetic } from './recipes/arithmetic/builder.ts';
import { codeBenchmarks } from './recipes/code_benchmarks/builders.ts';
import { codeRL } from './recipes/code_rl/file_builder.ts';
import { codeDemonstrations, codeTasks } from './recipes/code_rl/function_builders.ts';
import { decisionBuilders } from './recipes/decisions/builders.ts';
import { forecastingBuilders } from './recipes/forecasting/builders.ts';
import { gameBuilders } from './recipes/games/builders.ts';
import { gsm8kBenchmark } from './recipes/gsm8k/benchmark.ts';
import { gsm8kDataset } from './recipes/gsm8k/builders.ts';
import { gsm8kRLDataset } from './recipes/gsm8k/rl_dataset.ts';
import { guessNumber, guessNumberDemonstrations } from './recipes/guess_number/builders.ts';
import { ifevalBenchmark } from './recipes/ifeval/benchmark.ts';
import { mathBenchmark } from './recipes/math/benchmark.ts';
import { mathRLDataset } from './recipes/math/rl_dataset.ts';
import { math500Benchmark } from './recipes/math500/benchmark.ts';
import { gpqaBenchmark, mmluBenchmark, mmluProBenchmark } from './recipes/mmlu/benchmarks.ts';
import { rlLoop } from './recipes/rl_loop.ts';
import { rubricBuilders } from './recipes/rubric/builders.ts';
import { searchBenchmarks } from './recipes/search_tool/benchmark.ts';
import { searchBuilders } from './recipes/search_tool/builders.ts';
import { shellTasks } from './recipes/shell_tasks/builder.ts';
import { slLoop } from './recipes/sl_loop.ts';
import { stepSumsBuilders } from './recipes/step_sums/builders.ts';
import { ticTacToe, ticTacToeDemonstrations, ticTacToeGame } from './recipes/tic_tac_toe/builders.ts';
import { twentyQuestionsBuilders } from './recipes/twenty_questions/builders.ts';
import { Registry } from './registry/registry.ts';
import { rendererBuilders } from './renderers/builders.ts';
import { retrievers } from './retrieval/builders.ts';
import { rl } from './rl/builder.ts';
import { external } from './rl/external/builder.ts';
import { interleaved } from './rl/interleaved.ts';
import { rolloutStrategies } from './rl/strategies.ts';
import { bubblewrap } from './sandbox/bubblewrap/builder.ts';
import { httpSandboxBuilder } from './sandbox/http/builder.ts';
import { quickjs } from './sandbox/quickjs/builder.ts';
import { mlflow } from './sinks/mlflow/builder.ts';
import { tensorboard } from './sinks/tensorboard/builder.ts';
import { trackio } from './sinks/trackio/builder.ts';
import { wandb } from './sinks/wandb/builder.ts';
import { earlyStoppingRules } from './study/early_stopping/rules.ts';
import { askingSearches } from './study/search/builders.ts';
import { gridSearch } from './study/search/grid.ts';
import { supervised } from './supervised/builder.ts';
import { datasetBuilders } from './supervised/builders.ts';
import { exactMatch } from './supervised/exact_match_evaluator.ts';
import { nll } from './supervised/nll_evaluator.ts';
import { pretrain } from './supervised/pretrain_builder.ts';
import { localExecutor } from './sweep/executors/local.ts';
import { rayExecutor } from './sweep/executors/ray/builder.ts';
import { slurmExecutor } from './sweep/executors/slurm/slurm.ts';
import { sshExecutor } from './sweep/executors/ssh/ssh.ts';
import { workExecutor } from './sweep/executors/work.ts';
import { tinker } from './tinker/http/builder.ts';

/** A new registry each time: plugins that are added to one stay there. */
export function builtinRegistry(): Registry {
  return new Registry([
    supervised,
    rl,
    ...preferenceBuilders,
    ...offPolicyBuilders,
    pairwisePreference,
    onPolicyDistillation,
    prompts,
    hubPrompts,
    ...preferenceModels,
    ...rolloutStrategies,
    arithmetic,
    external,
    interleaved,
    guessNumber,
    guessNumberDemonstrations,
    ticTacToe,
    ticTacToeDemonstrations,
    ticTacToeGame,
    ...gameBuilders,
    ...twentyQuestionsBuilders,
    ...searchBuilders,
    ...retrievers,
    ...decisionBuilders,
    ...forecastingBuilders,
    ...rubricBuilders,
    ...stepSumsBuilders,
    codeTasks,
    codeRL,
    shellTasks,
    codeDemonstrations,
    gsm8kRLDataset,
    mathRLDataset,
    pretrain,
    slLoop,
    rlLoop,
    local,
    tinker,
    ...datasetBuilders,
    gsm8kDataset,
    ...rendererBuilders,
    nll,
    exactMatch,
    benchmarkEvaluator,
    arithmeticBenchmark,
    comparisonBenchmark,
    gsm8kBenchmark,
    mathBenchmark,
    math500Benchmark,
    aimeBenchmark,
    mmluBenchmark,
    mmluProBenchmark,
    gpqaBenchmark,
    ifevalBenchmark,
    ...searchBenchmarks,
    ...codeBenchmarks,
    gridSearch,
    ...askingSearches,
    ...earlyStoppingRules,
    localExecutor,
    sshExecutor,
    workExecutor,
    rayExecutor,
    slurmExecutor,
    quickjs,
    bubblewrap,
    httpSandboxBuilder,
    tensorboard,
    mlflow,
    trackio,
    wandb,
  ]);
}
