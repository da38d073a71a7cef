// cookbook chat: opens what there is to talk to, talks, and closes it again.

import type { Registry } from '../registry/registry.ts';
import type { Message } from '../renderers/types.ts';
import { openSamplingTarget } from '../run/sampling_target.ts';
import type { SamplingParams } from '../tinker/types.ts';
import { Conversation } from './conversation.ts';
import { type ChatStreams, chatLoop } from './repl.ts';

export interface ChatOptions {
  /** A run, an adapter or a model. */
  target: string;
  /** Of a run: final, best or the name of a checkpoint; null = the newest. */
  checkpoint: string | null;
  system: string | null;
  params: SamplingParams;
  streams: ChatStreams;
  /** Told of what takes long, and to whom one talks. */
  notify(message: string): void;
}

export async function chatCommand(
  { target: named, checkpoint, system, params, streams, notify }: ChatOptions,
  registry: Registry,
): Promise<{ target: string; messages: readonly Message[] }> {
  const ref = checkpoint === null ? named : { run: named, checkpoint };
  const target = await openSamplingTarget(ref, registry, notify);
  try {
    const conversation = new Conversation(target, params, system);
    if (streams.interactive) notify(`This is ${target.description}.`);
    await chatLoop(conversation, streams);
    return { target: target.description, messages: conversation.messages };
  } finally {
    await target.close();
  }
}
