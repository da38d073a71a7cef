// The teacher of a distillation: another model, or the same with other weights, that says what it thinks of a student's tokens.

import { join } from 'node:path';
import { locateModel } from '../hub/locate.ts';
import type { Make } from '../registry/slot.ts';
import type { SamplingClient, ServiceClient } from '../tinker/clients.ts';
import { differingTokens } from '../tokenizers/differing_tokens.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import type { ResolvedWeights, TrainingContext } from '../training/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { plural } from '../util/plural.ts';
import type { TeacherConfig } from './teacher_fields.ts';

export interface Teacher {
  client: SamplingClient;
  /** For people. */
  description: string;
  /** Longest sequence that it reads, in tokens. To score one it needs room for another token. */
  maxContextLength: number;
  close(): Promise<void>;
}

export interface Student {
  model_name: string;
  tokenizer: Tokenizer;
}

/** What a training loop is given, as far as it takes to open a teacher. */
export type TeacherContext = Pick<TrainingContext, 'service' | 'logPath' | 'seed' | 'emit' | 'resolveWeights'>;

/**
 * Opens a teacher that reads the tokens of the student as the student does.
 * @param field where it stands in the spec, for errors
 * @throws ConfigurationError where the tokenizers differ, and says which tokens
 */
export async function openTeacher(
  config: TeacherConfig,
  student: Student,
  context: TeacherContext,
  { make, field }: { make: Make; field: string },
): Promise<Teacher> {
  const notify = (message: string) => context.emit({ type: 'notice', message });
  const named = config.model_name ?? student.model_name;
  const resolved: ResolvedWeights =
    config.load_checkpoint_path === null
      ? { base_model: named, description: shortPath(named) }
      : await context.resolveWeights(config.load_checkpoint_path);
  const own = config.service === null ? null : await ownService(config.service, context, make, notify);
  let client: SamplingClient | null = null;
  const close = async () => {
    try {
      await client?.close();
    } finally {
      await own?.close();
    }
  };
  try {
    const { base_model, model_path, description } = resolved;
    const service = own ?? context.service;
    client = await service.createSamplingClient(model_path === undefined ? { base_model } : { model_path });
    const info = await client.getInfo();
    const model = base_model ?? info.base_model;
    if (config.model_name !== null && info.is_lora && !(await isSameModel(model, config.model_name))) {
      context.emit({
        type: 'warning',
        message: `${field}.load_checkpoint_path was trained on ${shortPath(model)}, which teaches; model_name is ${shortPath(config.model_name)}`,
      });
    }
    if (!(await isSameModel(model, student.model_name))) {
      const { directory } = await locateModel(model, { parts: 'tokenizer', notify });
      checkTokenizers({ model_name: model, tokenizer: await loadTokenizer(directory) }, student, field);
    }
    return { client, description, maxContextLength: info.max_context_length, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** All of them, even where one cannot be closed; then throws what is wrong with that. */
export async function closeTeachers(teachers: readonly Teacher[]): Promise<void> {
  const closed = await Promise.allSettled(teachers.map((teacher) => teacher.close()));
  for (const result of closed) if (result.status === 'rejected') throw result.reason;
}

/** A teacher saves nothing, so that its service has no use for a directory but to be given one. */
async function ownService(
  ref: NonNullable<TeacherConfig['service']>,
  { logPath, seed }: TeacherContext,
  make: Make,
  notify: (message: string) => void,
): Promise<ServiceClient> {
  return await make(ref, { checkpointsPath: join(logPath, 'checkpoints'), seed, notify });
}

async function isSameModel(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  const [one, other] = await Promise.all([a, b].map((name) => locateModel(name, { parts: 'tokenizer' })));
  return one.directory === other.directory;
}

/** Differences that an error spells out. */
const SHOWN = 3;

/** @throws ConfigurationError that names both tokenizers and the first ids that do not mean the same */
function checkTokenizers(teacher: Student, student: Student, field: string): void {
  const differences = differingTokens(teacher.tokenizer, student.tokenizer);
  if (differences.length === 0) return;
  const which = (name: string, { model_name, tokenizer }: Student) =>
    `${name} ${shortPath(model_name)} has ${plural(tokenizer.vocabSize, 'token')}`;
  const spelled = (text: string | null) => (text === null ? 'nothing' : JSON.stringify(text));
  const first = differences
    .slice(0, SHOWN)
    .map(
      ({ id, texts: [ofTeacher, ofStudent] }) =>
        `${id} is ${spelled(ofTeacher)} to the teacher and ${spelled(ofStudent)} to the student`,
    )
    .join(', ');
  throw new ConfigurationError(
    `${field}: teacher and student have different tokenizers: ${which('the teacher', teacher)}, ${which('the student', student)}, ` +
      `and ${plural(differences.length, 'id')} mean${differences.length === 1 ? 's' : ''} another token: ${first}${differences.length > SHOWN ? ', …' : ''}`,
    { hint: 'A teacher scores the tokens of its student by their ids: take two models of one family.' },
  );
}
