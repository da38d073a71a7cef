// The commands by name: what oclif looks up. Their modules are loaded at every start, so each imports what is heavy in run().

import type { Command } from '@oclif/core';
import Board from './board.ts';
import Builders from './builders.ts';
import Chat from './chat.ts';
import CheckpointsDelete from './checkpoints/delete.ts';
import CheckpointsDownload from './checkpoints/download.ts';
import CheckpointsList from './checkpoints/list.ts';
import CheckpointsPublish from './checkpoints/publish.ts';
import CheckpointsSetTtl from './checkpoints/set_ttl.ts';
import CheckpointsUnpublish from './checkpoints/unpublish.ts';
import Completion from './completion.ts';
import Conformance from './conformance.ts';
import Diff from './diff.ts';
import Doctor from './doctor.ts';
import Engine from './engine.ts';
import EvalCompare from './eval/compare.ts';
import Eval from './eval.ts';
import Exec from './exec.ts';
import Export from './export.ts';
import Help from './help.ts';
import Import from './import.ts';
import Logs from './logs.ts';
import Plan from './plan.ts';
import Play from './play.ts';
import Publish from './publish.ts';
import RecipesCopy from './recipes/copy.ts';
import RecipesShow from './recipes/show.ts';
import Recipes from './recipes.ts';
import Render from './render.ts';
import Renderers from './renderers.ts';
import Report from './report.ts';
import Run from './run.ts';
import Schema from './schema.ts';
import Serve from './serve.ts';
import SlurmJob from './slurm_job.ts';
import Sql from './sql.ts';
import Status from './status.ts';
import Stop from './stop.ts';
import Sweep from './sweep.ts';
import ThinkingScore from './thinking_score.ts';
import Validate from './validate.ts';
import Version from './version.ts';
import Work from './work.ts';

export const COMMANDS: Record<string, Command.Class> = {
  board: Board,
  builders: Builders,
  chat: Chat,
  'checkpoints:delete': CheckpointsDelete,
  'checkpoints:download': CheckpointsDownload,
  'checkpoints:list': CheckpointsList,
  'checkpoints:publish': CheckpointsPublish,
  'checkpoints:set-ttl': CheckpointsSetTtl,
  'checkpoints:unpublish': CheckpointsUnpublish,
  completion: Completion,
  conformance: Conformance,
  diff: Diff,
  doctor: Doctor,
  engine: Engine,
  eval: Eval,
  'eval:compare': EvalCompare,
  exec: Exec,
  export: Export,
  help: Help,
  import: Import,
  logs: Logs,
  plan: Plan,
  play: Play,
  recipes: Recipes,
  'recipes:copy': RecipesCopy,
  'recipes:show': RecipesShow,
  publish: Publish,
  render: Render,
  renderers: Renderers,
  report: Report,
  run: Run,
  schema: Schema,
  serve: Serve,
  'slurm-job': SlurmJob,
  sql: Sql,
  status: Status,
  stop: Stop,
  sweep: Sweep,
  'thinking-score': ThinkingScore,
  validate: Validate,
  version: Version,
  work: Work,
};
