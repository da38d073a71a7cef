// A study in a plan: how many trials there will be at most, and what those that were asked for have come to.

import { Study } from '../../study/study.ts';
import { plural } from '../../util/plural.ts';
import type { SweepFields } from '../grammar.ts';
import type { StudyPlan } from './study_plan.ts';

/** What `--json` prints of it. */
export interface StudySummary {
  search: string;
  early_stopping: string | null;
  parameters: string[];
  most_trials: number;
  runs_per_trial: number;
  /** After which nothing more is asked for; null = any number. */
  max_hours: number | null;
  /** The last step of its runs where the rule has no rung before that, and so gives up on none of them; else null. */
  ends_before_rungs: number | null;
  asked: number;
  finished: number;
  stopped: number;
  failed: number;
  /** At a rung, not promoted so far. */
  waiting: number;
  /** Those of them that nothing promotes any more, as no other trial will come: with more runs it may. */
  held_back: number;
  open: number;
}

export function summarizeStudy(
  { options, events, runs_per_trial }: StudyPlan,
  { search, early_stopping, max_hours }: Pick<SweepFields, 'search' | 'early_stopping' | 'max_hours'>,
): StudySummary {
  const study = new Study(options, events);
  const { trials } = study;
  const waiting = study.waiting.length;
  const count = (state: string) => trials.filter((trial) => trial.state === state).length;
  const open = study.open.length;
  const isSettled =
    isOver({ most_trials: options.most_trials, asked: trials.length, open }) && study.promoted() === null;
  return {
    search: search.builder,
    early_stopping: early_stopping?.builder ?? null,
    parameters: options.space.map(({ name }) => name),
    most_trials: options.most_trials,
    runs_per_trial,
    max_hours,
    ends_before_rungs: hasRungs(options) ? null : options.total_steps,
    asked: trials.length,
    finished: count('finished'),
    stopped: count('stopped') - waiting,
    failed: count('failed'),
    waiting,
    held_back: isSettled ? waiting : 0,
    open,
  };
}

/** Names of parameters on one line. */
const SHOWN = 5;

/** Whether a rule that goes by rungs has one for any trial; true of any other rule, and where nobody knows. */
function hasRungs({ early_stopping: rule, total_steps, most_trials }: StudyPlan['options']): boolean {
  if (rule?.kind !== 'rungs' || total_steps === null) return true;
  const looked = Math.min(most_trials, MOST_BRACKETS);
  return Array.from({ length: looked }, (_, trial) => rule.rungs(trial, total_steps)).some(({ length }) => length > 0);
}

/** More than a rule has that gives its trials different rungs. */
const MOST_BRACKETS = 100;

/** Why the rule does nothing, where it does. */
export function ruleNotice({ early_stopping, ends_before_rungs }: StudySummary): string[] {
  if (ends_before_rungs === null) return [];
  const end = plural(ends_before_rungs, 'step');
  return [
    `  ${early_stopping} will give up on none: its first rung has to lie before the end of a run, which is ${end}`,
  ];
}

/** `at most 20 trials of 3 runs = 60 runs by tpe over learning_rate and lora_rank` */
export function studyTitle(summary: StudySummary): string {
  const { search, early_stopping, parameters, most_trials, runs_per_trial, max_hours } = summary;
  const runs =
    runs_per_trial === 1
      ? plural(most_trials, 'run')
      : `${plural(most_trials, 'trial')} of ${runs_per_trial} runs = ${most_trials * runs_per_trial} runs`;
  const rule = early_stopping === null ? '' : `, given up by ${early_stopping}`;
  const shown = parameters.slice(0, SHOWN).join(', ');
  const more = parameters.length > SHOWN ? ` and ${parameters.length - SHOWN} more` : '';
  const time = max_hours === null ? '' : ` in ${plural(max_hours, 'hour')}`;
  return `at most ${runs}${time}, asked for by ${search} over ${shown}${more}${rule},`;
}

/** What became of those that were asked for. */
export function studyRows({
  asked,
  finished,
  stopped,
  failed,
  waiting,
  held_back,
  open,
}: StudySummary): [string, string][] {
  if (asked === 0) return [];
  const counts: [number, string][] = [
    [finished, 'finished'],
    [stopped, 'given up'],
    [waiting - held_back, 'waiting to be promoted'],
    [held_back, 'held back at a rung, where others were better'],
    [failed, 'failed'],
    [open, 'under way'],
  ];
  const parts = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return [[`${asked} asked`, parts.join(', ')]];
}

/** Whether anything is left to ask or to run. */
export function isOver({ most_trials, asked, open }: Pick<StudySummary, 'most_trials' | 'asked' | 'open'>): boolean {
  return asked >= most_trials && open === 0;
}
