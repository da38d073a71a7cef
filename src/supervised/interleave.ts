// Several supervised datasets as one: their examples by turns, or drawn by probabilities, as interleave_datasets of Hugging Face
// datasets has it.

import type { Make } from '../registry/slot.ts';
import type { Datum } from '../tinker/types.ts';
import { renamed } from '../training/evaluator.ts';
import { ConfigurationError } from '../util/errors.ts';
import { nextUniform, randomFor } from '../util/random.ts';
import { oneAfterAnother } from './batches.ts';
import type { InterleaveParams } from './dataset_params.ts';
import { sourceNames } from './source_names.ts';
import type { DatasetContext, SupervisedDataset, SupervisedDatasets } from './types.ts';

interface Source {
  name: string;
  train: SupervisedDataset;
  examples: NonNullable<SupervisedDataset['examples']>;
}

export async function interleavedDatasets(
  params: InterleaveParams,
  context: DatasetContext,
  make: Make,
): Promise<SupervisedDatasets> {
  const { datasets: refs, probabilities, stopping_strategy: strategy, shuffle_seed } = params;
  if (probabilities !== null && probabilities.length !== refs.length) {
    throw new ConfigurationError(`${probabilities.length} probabilities cannot be those of ${refs.length} datasets`, {
      hint: 'Give one for each of the datasets, in their order.',
    });
  }
  const names = sourceNames(params);
  const built: SupervisedDatasets[] = [];
  for (const ref of refs) built.push(await make(ref, context));
  const sources = built.map(({ train }, index): Source => {
    const { examples } = train;
    if (examples !== undefined) return { name: names[index], train, examples };
    throw new ConfigurationError(`the dataset ${names[index]} cannot be interleaved: it hands out whole batches`, {
      hint: 'Datasets with a batch_size can be; leave batch_tokens out.',
    });
  });
  const sizes = new Set(sources.map(({ examples }) => examples.batchSize));
  const [batchSize = 1] = sizes;
  if (sizes.size > 1) {
    throw new ConfigurationError(`interleaved datasets must have one batch_size; these have ${[...sizes].join(', ')}`, {
      hint: 'It is the number of examples in a batch of the mixture.',
    });
  }
  const lengths = sources.map(({ examples }) => examples.length);
  const drawn =
    probabilities === null
      ? byTurns(lengths, strategy)
      : byProbabilities(lengths, probabilities, strategy, { names, seeds: [context.seed, shuffle_seed] });
  const tests = built.flatMap(({ test }) => test ?? []);
  const evaluators = built.flatMap(({ evaluators = [] }, index) =>
    evaluators.map((evaluator) => renamed(evaluator, (metric) => `${metric}/${names[index]}`)),
  );
  return {
    train: mixture(sources, drawn, batchSize),
    test: tests.length === 0 ? null : oneAfterAnother(tests),
    evaluators,
  };
}

/** Which source each example of an epoch comes from. How many there are, and from where, is the same in every epoch. */
type Drawn = Uint16Array;

/** Examples of an epoch whose sources are drawn, beyond which nobody means it. */
const MOST_DRAWN = 2 ** 25;

type Strategy = InterleaveParams['stopping_strategy'];

function byTurns(lengths: readonly number[], strategy: Strategy): Drawn {
  const rounds = strategy === 'first_exhausted' ? Math.min(...lengths) : Math.max(...lengths);
  return Uint16Array.from({ length: rounds * lengths.length }, (_, index) => index % lengths.length);
}

/** Ends with the last example of the first source that is used up, or of the last one; one that is used up before begins again. */
function byProbabilities(
  lengths: readonly number[],
  probabilities: readonly number[],
  strategy: Strategy,
  { names, seeds: [seed, shuffleSeed] }: { names: readonly string[]; seeds: readonly [number, number] },
): Drawn {
  const random = randomFor(seed, 'interleave', shuffleSeed);
  const sum = probabilities.reduce((total, each) => total + each, 0);
  const expected = lengths.map((length, s) => length / (probabilities[s] / sum));
  const rarest = expected.indexOf(Math.max(...expected));
  if (strategy === 'all_exhausted' && expected[rarest] > MOST_DRAWN) {
    throw new ConfigurationError(
      `with the probability ${probabilities[rarest]} the dataset ${names[rarest]} would be used up after about ${expected[rarest].toExponential(1)} examples`,
      { hint: 'Raise its probability, or set stopping_strategy: first_exhausted.' },
    );
  }
  const bounds = probabilities.map(
    (_, s) => probabilities.slice(0, s + 1).reduce((total, each) => total + each, 0) / sum,
  );
  const taken = lengths.map(() => 0);
  const drawn: number[] = [];
  let open = strategy === 'first_exhausted' ? 1 : lengths.length;
  while (open > 0) {
    const u = nextUniform(random);
    const found = bounds.findIndex((bound) => u < bound);
    const source = found === -1 ? bounds.length - 1 : found;
    drawn.push(source);
    taken[source] += 1;
    if (taken[source] === lengths[source]) open -= 1;
  }
  return Uint16Array.from(drawn);
}

function mixture(sources: readonly Source[], drawn: Drawn, batchSize: number): SupervisedDataset {
  // The place of each example among those of its source.
  const counts = sources.map(() => 0);
  const places = Uint32Array.from(drawn, (source) => {
    const { length } = sources[source].examples;
    return counts[source]++ % length;
  });
  const at = (index: number): Promise<Datum> => sources[drawn[index]].examples.at(places[index]);
  const indicesOf = (batch: number) => {
    const start = batch * batchSize;
    return Array.from({ length: Math.min(batchSize, drawn.length - start) }, (_, i) => start + i);
  };
  return {
    length: Math.ceil(drawn.length / batchSize),
    getBatch: (batch) => Promise.all(indicesOf(batch).map(at)),
    setEpoch(epoch) {
      for (const { train } of sources) train.setEpoch(epoch);
    },
    examples: { length: drawn.length, batchSize, at },
    sourcesOf(batch) {
      const rows = Object.fromEntries(sources.map(({ name }) => [name, 0]));
      for (const index of indicesOf(batch)) rows[sources[drawn[index]].name] += 1;
      return rows;
    },
  };
}
