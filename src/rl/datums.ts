// Trajectories as datums: one for as many turns as only append to one another, with the advantage on what was sampled.

import type { Datum, ProvenanceSpan, TensorData } from '../tinker/types.ts';
import { beginsWith, chunksOf, type Element, elementsOf } from './elements.ts';
import type { Trajectory, TrajectoryGroup, Transition } from './types.ts';

/** A datum of RL. `mask` says which targets were sampled and count; it is the client's, and no loss of a service takes it. */
export interface RLDatum extends Datum {
  loss_fn_inputs: Record<'target_tokens' | 'logprobs' | 'advantages' | 'mask', TensorData>;
}

export interface DatumOrigin {
  group_idx: number;
  traj_idx: number;
}

/** The metric with which an environment says that a turn is not to be trained on. */
const MASKED = 'parse_error_masked';

/** A position of a sequence, and what is to be learned of it. */
interface Position {
  element: Element;
  logprob: number;
  advantage: number;
  mask: number;
}

/** One sequence that turns are appended to. */
interface Sequence {
  positions: Position[];
  /** Null once a turn has added positions that no request of the service accounts for. */
  spans: ProvenanceSpan[] | null;
}

/**
 * The datums of one trajectory. While each observation begins with all that was seen and said before, the turns share one
 * datum; where it does not, a new one begins. Positions of the input are followed by their targets, so each datum has one
 * position less than its sequence.
 */
export function trajectoryToData({ transitions }: Pick<Trajectory, 'transitions'>, advantage: number): RLDatum[] {
  const sequences: Sequence[] = [];
  for (const transition of transitions) {
    const ob = elementsOf(transition.ob);
    let sequence = sequences.at(-1);
    if (sequence === undefined || !beginsWith(ob, elementsSoFar(sequence))) {
      sequence = { positions: [], spans: [] };
      sequences.push(sequence);
    }
    appendTurn(sequence, transition, ob, advantage);
  }
  return sequences.flatMap(datumOf);
}

/** All datums of a batch, and which trajectory each is of. */
export function assembleTrainingData(
  groups_P: readonly Pick<TrajectoryGroup, 'trajectories_G'>[],
  advantages_P_G: readonly (readonly number[])[],
): { data_D: RLDatum[]; origins_D: DatumOrigin[] } {
  const data_D: RLDatum[] = [];
  const origins_D: DatumOrigin[] = [];
  for (const [group_idx, { trajectories_G }] of groups_P.entries()) {
    for (const [traj_idx, trajectory] of trajectories_G.entries()) {
      for (const datum of trajectoryToData(trajectory, advantages_P_G[group_idx][traj_idx])) {
        data_D.push(datum);
        origins_D.push({ group_idx, traj_idx });
      }
    }
  }
  return { data_D, origins_D };
}

/** Whether any target counts. */
export const isTrainable = ({ loss_fn_inputs: { mask } }: RLDatum): boolean => mask.data.some((value) => value > 0);

function appendTurn(sequence: Sequence, { ac, metrics }: Transition, ob: Element[], advantage: number) {
  const { positions } = sequence;
  const seen = positions.length;
  for (const element of ob.slice(seen)) positions.push({ element, logprob: 0, advantage: 0, mask: 0 });
  const counts = metrics[MASKED] !== 1;
  for (const [t, element] of ac.tokens.entries()) {
    positions.push({ element, logprob: ac.logprobs[t], advantage: counts ? advantage : 0, mask: counts ? 1 : 0 });
  }
  if (positions.length === seen) return;
  const { sequence_id } = ac;
  if (sequence_id === undefined || sequence_id === null) sequence.spans = null;
  sequence.spans?.push(
    { type: 'prompt', sequence_id: sequence_id ?? '', offset: seen, length: ob.length - seen },
    { type: 'sampled', sequence_id: sequence_id ?? '', offset: 0, length: ac.tokens.length },
  );
}

/** The input lacks the last position, the targets the first. A picture is never predicted: its target is 0 and does not count. */
function datumOf({ positions, spans }: Sequence): RLDatum[] {
  while (positions.length > 0 && typeof positions.at(-1)?.element !== 'number') positions.pop();
  const input = positions.slice(0, -1);
  if (input.length === 0) return [];
  const targets: Position[] = [];
  for (const position of positions.slice(1)) for (let i = lengthOf(position); i > 0; i--) targets.push(position);
  // A picture in front is read, so that its later positions have targets too.
  const first = positions[0];
  for (let i = lengthOf(first); i > 1; i--) targets.unshift(first);
  const shape = [targets.length];
  const floats = (value: (target: Position) => number): TensorData => ({
    data: Float32Array.from(targets, value),
    dtype: 'float32',
    shape,
  });
  return [
    {
      model_input: { chunks: chunksOf(input.map(({ element }) => element)) },
      loss_fn_inputs: {
        target_tokens: {
          data: targets.map(({ element }) => (typeof element === 'number' ? element : 0)),
          dtype: 'int64',
          shape,
        },
        logprobs: floats(({ logprob }) => logprob),
        advantages: floats(({ advantage }) => advantage),
        mask: floats(({ mask }) => mask),
      },
      ...(spans === null
        ? {}
        : { model_input_spans: trimmed(spans, 'last'), loss_fn_input_spans: trimmed(spans, 'first') }),
    },
  ];
}

const elementsSoFar = ({ positions }: Sequence): Element[] => positions.map(({ element }) => element);

const lengthOf = ({ element }: Position) => (typeof element === 'number' ? 1 : element.expected_tokens);

/** The spans without the first or last of their positions. */
function trimmed(spans: readonly ProvenanceSpan[], end: 'first' | 'last'): ProvenanceSpan[] {
  const kept = spans.filter(({ length }) => length > 0);
  const at = end === 'first' ? 0 : kept.length - 1;
  return kept
    .map((span, i) => {
      if (i !== at) return span;
      return { ...span, offset: end === 'first' ? span.offset + 1 : span.offset, length: span.length - 1 };
    })
    .filter(({ length }) => length > 0);
}
