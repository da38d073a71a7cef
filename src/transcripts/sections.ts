// The rollouts of a logtree of the Python cookbook: a section "Group Rollout" holds what its environments logged, one after the
// other, each beginning with a section "Prompt" (rl/rollouts.py, rl/problem_env.py). Text in such a tree is escaped HTML.

import type { JsonObject } from '../util/json.ts';
import { namedValues, nodesIn, type TreeNode, textIn } from './foreign_tree.ts';
import type { Told } from './lines.ts';
import { messagesFrom } from './messages.ts';
import type { TranscriptMessage } from './transcript.ts';

const GROUP = 'Group Rollout';
const PROMPT = 'Prompt';
/** What follows it tells the episodes by their places, and environments end in any order. */
const END = 'Trajectory Details';

/** Of all groups; where a tree has none, what it holds is one. */
export function rolloutsIn(root: TreeNode): Told[] {
  const groups = sectionsNamed(root, GROUP);
  if (groups.length === 0) return rolloutsOf(root, null);
  return groups.flatMap((group, index) => rolloutsOf(group, index));
}

function sectionsNamed(node: TreeNode, title: string): TreeNode[] {
  if (node.tag === 'section' && titleOf(node) === title) return [node];
  return nodesIn(node).flatMap((child) => sectionsNamed(child, title));
}

const isHeading = ({ tag }: TreeNode) => /^h[1-6]$/.test(tag);
const titleOf = (section: TreeNode): string => plain(nodesIn(section).filter(isHeading).map(textIn).join(' '));

interface Rollout {
  messages: TranscriptMessage[];
  score: number | null;
  facts: JsonObject;
}

function rolloutsOf(group: TreeNode, index: number | null): Told[] {
  const rollouts: Rollout[] = [];
  const current = (): Rollout => {
    const last = rollouts.at(-1);
    if (last !== undefined) return last;
    return begin();
  };
  const begin = (): Rollout => {
    const rollout: Rollout = { messages: [], score: null, facts: index === null ? {} : { group: index } };
    rollouts.push(rollout);
    return rollout;
  };
  const walk = (node: TreeNode): void => {
    const title = node.tag === 'section' ? titleOf(node) : '';
    if (title === END) return;
    if (title === PROMPT && current().messages.length > 0) begin();
    if (node.data?.type === 'conversation') {
      current().messages.push(...messagesFrom(node.data.messages));
    } else if (node.tag === 'table') {
      addFacts(current(), namedValues(node));
    } else if (node.tag === 'p' || node.tag === 'pre') {
      if (index !== null) current().messages.push({ role: 'log', text: plain(textIn(node)) });
    } else {
      for (const child of nodesIn(node)) walk(child);
    }
  };
  walk(group);
  return rollouts.filter(({ messages }) => messages.length > 0);
}

function addFacts(rollout: Rollout, rows: readonly [string, string][]): void {
  for (const [name, value] of rows) rollout.facts[plain(name)] = plain(value);
  const reward = rows.find(([name]) => name === 'reward')?.[1] ?? '';
  if (reward !== '' && Number.isFinite(Number(reward))) rollout.score = Number(reward);
}

const ENTITIES = new Map([
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&#x27;', "'"],
  ['&amp;', '&'],
]);

/** As it was before Python's `html.escape`. */
const plain = (text: string): string =>
  text.replace(/&(?:lt|gt|quot|#x27|amp);/g, (entity) => ENTITIES.get(entity) ?? entity);
