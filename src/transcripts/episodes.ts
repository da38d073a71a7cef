// The episodes of a logtree of ours (rl/transcript_tree.ts writes it): known by the ids of their nodes.

import { type JsonObject, numberOf, objectOf, textOf } from '../util/json.ts';
import { namedValues, nodesIn, type TreeNode, textIn } from './foreign_tree.ts';
import { scored, type Told } from './lines.ts';
import { messagesFrom } from './messages.ts';
import type { TranscriptMessage } from './transcript.ts';

export interface Episode extends Told {
  /** Places of the group in its step, and of the episode in its group. */
  group: number;
  episode: number;
}

const GROUP = /^group-(\d+)$/;
const EPISODE = /^group-(\d+)-episode-(\d+)$/;

/** Null for a tree that is not of this kind. */
export function episodesIn(root: TreeNode): Episode[] | null {
  const groups = nodesIn(root).filter(({ id }) => GROUP.test(id));
  return groups.length === 0 ? null : groups.flatMap(episodesOfGroup);
}

function episodesOfGroup(section: TreeNode): Episode[] {
  const [heading, body] = nodesIn(section);
  if (body === undefined) return [];
  const tags = textIn(heading).split(' · ').slice(1).join(', ');
  const shared = nodesIn(body).filter(isPrompt).map(textIn);
  return nodesIn(body).flatMap((node) => {
    const [, group, episode] = EPISODE.exec(node.id) ?? [];
    if (group === undefined || episode === undefined) return [];
    const [summary, content] = nodesIn(node);
    if (content === undefined) return [];
    const [, reward = '', why = ''] = /^Episode \d+: reward ([^,]+)(?:, (.*))?$/.exec(textIn(summary)) ?? [];
    const places = { group: Number(group), episode: Number(episode) };
    const { messages, facts } = turnsIn(content, shared);
    const known: JsonObject = { ...places };
    if (tags !== '') known.tags = tags;
    if (why !== '') known.ended = why;
    return {
      ...places,
      score: finite(reward),
      messages,
      facts: { ...known, ...facts },
    };
  });
}

const isPrompt = (node: TreeNode): boolean =>
  node.classes.includes('lt-prompt') || (node.tag === 'details' && node.id === '' && nodesIn(node).some(holdsPrompt));
const holdsPrompt = (node: TreeNode): boolean => nodesIn(node).some(({ classes }) => classes.includes('lt-prompt'));

/** A long prompt is folded away behind a line that is none of its text. */
const promptText = (node: TreeNode): string =>
  node.tag === 'details' ? nodesIn(node).filter(holdsPrompt).map(textIn).join('').trimEnd() : textIn(node);

function turnsIn(content: TreeNode, shared: readonly string[]): { messages: TranscriptMessage[]; facts: JsonObject } {
  const messages: TranscriptMessage[] = shared.map((text) => ({ role: 'user', text }));
  const facts: JsonObject = {};
  for (const node of nodesIn(content)) {
    const reward = /^Reward ([^,]+),/.exec(node.tag === 'p' ? textIn(node) : '')?.[1];
    const { type, text, messages: spoken, num_tokens, logprob } = objectOf(node.data ?? {});
    if (type === 'action') {
      messages.push({ role: 'assistant', text: textOf(text) ?? '' });
      facts.tokens = (numberOf(facts.tokens) ?? 0) + (numberOf(num_tokens) ?? 0);
      facts.logprob = (numberOf(facts.logprob) ?? 0) + (numberOf(logprob) ?? 0);
    } else if (type === 'conversation') {
      messages.push(...messagesFrom(spoken));
    } else if (isPrompt(node)) {
      messages.push({ role: messages.length === 0 ? 'user' : 'environment', text: promptText(node) });
    } else if (reward !== undefined) {
      const last = messages.pop();
      if (last !== undefined) messages.push(scored(last, finite(reward)));
    } else if (node.tag === 'table') {
      Object.assign(facts, Object.fromEntries(namedValues(node)));
    }
  }
  return { messages, facts };
}

function finite(text: string): number | null {
  const number = text === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : null;
}
