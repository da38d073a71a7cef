// Which messages of a row are trained, where more than train_on_what decides it: roles, flags in the data, the completion alone,
// and the tokens that end messages. The options are those of TRL and Axolotl.

import { trainedMessages } from '../renderers/train_on_what.ts';
import type { Message, Renderer, TrainOnWhat } from '../renderers/types.ts';
import { ConfigurationError, DataValidationError } from '../util/errors.ts';
import type { ConversationRow } from './data/messages.ts';
import type { TrainOnEos } from './data/options.ts';
import { type RenderedRow, renderRow } from './render_row.ts';

export interface TrainedChoice {
  train_on_what: TrainOnWhat;
  roles_to_train?: readonly string[] | null;
  completion_only_loss?: boolean;
  message_field_training?: string | null;
  train_on_eos?: TrainOnEos;
}

/** @throws ConfigurationError for options that say different things of the same message, or that the renderer cannot follow */
export function checkTrainedChoice(choice: TrainedChoice, renderer: Renderer | null): void {
  if (choice.train_on_eos !== undefined && choice.train_on_eos !== 'turn' && renderer !== null)
    endsOf(renderer, choice.train_on_eos);
  const { train_on_what, roles_to_train = null } = choice;
  if (!choosesMessages(choice)) return;
  if (roles_to_train !== null && train_on_what !== 'all_assistant_messages') {
    throw new ConfigurationError(`roles_to_train and train_on_what: ${train_on_what} both say what is trained`, {
      hint: 'Leave one of them out.',
    });
  }
  if (train_on_what !== 'customized' && train_on_what !== 'all_tokens') return;
  const option = roles_to_train !== null ? 'roles_to_train' : nameOfOther(choice);
  throw new ConfigurationError(`${option} cannot be combined with train_on_what: ${train_on_what}`, {
    hint:
      train_on_what === 'customized'
        ? 'Every message says by its "trainable" whether it is trained: leave the other options out.'
        : 'all_tokens trains everything, the frames of messages too: take all_messages, or leave the other option out.',
  });
}

/** A row as the loss sees it. @throws DataValidationError or RendererError for one that cannot be rendered so */
export function renderTrained(row: ConversationRow, renderer: Renderer, choice: TrainedChoice): RenderedRow {
  const { train_on_what: trainOnWhat, train_on_eos = 'turn' } = choice;
  const rendered = choosesMessages(choice)
    ? renderRow({ ...row, messages: flagged(row, choice) }, { renderer, trainOnWhat: 'customized' })
    : renderRow(row, { renderer, trainOnWhat });
  return train_on_eos === 'turn' ? rendered : { ...rendered, weights: withEos(rendered, renderer, train_on_eos) };
}

function choosesMessages({
  roles_to_train = null,
  completion_only_loss = false,
  message_field_training = null,
}: TrainedChoice): boolean {
  return roles_to_train !== null || completion_only_loss || message_field_training !== null;
}

function nameOfOther({ completion_only_loss = false }: TrainedChoice): string {
  return completion_only_loss ? 'completion_only_loss' : 'message_field_training';
}

/** Every message with `trainable`: a flag of its own, or what the options say of its role and place. */
function flagged({ messages, asked }: ConversationRow, choice: TrainedChoice): Message[] {
  const { train_on_what, roles_to_train = null, completion_only_loss = false, message_field_training = null } = choice;
  if (completion_only_loss && asked === undefined) {
    throw new DataValidationError('completion_only_loss needs a row of a prompt and a completion', {
      hint: 'For conversations, roles_to_train or train_on_what say what is trained.',
    });
  }
  const marked = messages.findIndex(({ trainable }) => trainable !== undefined);
  if (marked !== -1 && message_field_training === null) {
    throw new DataValidationError(`messages[${marked}] has "trainable", which the options do not go by`, {
      hint: 'Set message_field_training: trainable, or train_on_what: customized.',
    });
  }
  const plain = messages.map(({ trainable: _, ...message }): Message => message);
  const byOptions =
    roles_to_train === null
      ? trainedMessages(plain, train_on_what)
      : plain.map(({ role }) => roles_to_train.includes(role));
  return plain.map((message, index) => ({
    ...message,
    trainable:
      messages[index]?.trainable ?? (byOptions[index] === true && !(completion_only_loss && index < (asked ?? 0))),
  }));
}

/** Weights where the tokens that end a message are chosen by themselves. They are those on which sampling stops. */
function withEos({ tokens, weights }: RenderedRow, renderer: Renderer, which: Exclude<TrainOnEos, 'turn'>): number[] {
  const ends = endsOf(renderer, which);
  const last = tokens.findLastIndex((token) => ends.has(token));
  return weights.map((weight, position) => {
    if (position === 0 || !ends.has(tokens[position])) return weight;
    if (which === 'all') return 1;
    return which === 'last' && position === last ? 1 : 0;
  });
}

function endsOf(renderer: Renderer, which: TrainOnEos): Set<number> {
  const stops: (string | number)[] = renderer.getStopSequences();
  const tokens = stops.filter((stop) => typeof stop === 'number');
  if (tokens.length === stops.length) return new Set(tokens);
  throw new ConfigurationError(`train_on_eos: ${which} needs a renderer that ends messages with a token`, {
    hint: `The renderer ${renderer.name} ends them with text: leave train_on_eos at turn, or take another renderer.`,
  });
}
