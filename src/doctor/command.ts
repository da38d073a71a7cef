// cookbook doctor: whether sampler and trainer of a service agree about a model, and whether a renderer speaks to it as it was taught.

import { resolve } from 'node:path';
import type { Registry } from '../registry/registry.ts';
import type { PlainRef } from '../registry/slot.ts';
import { recommendedRenderer } from '../renderers/recommended.ts';
import { type Message, rendererSlot } from '../renderers/types.ts';
import { openWeightsTarget, type WeightsTarget } from '../run/sampling_target.ts';
import { addPlugins } from '../spec/command_line.ts';
import { referenceFlag } from '../spec/reference_flag.ts';
import type { SamplingClient, TrainingClient } from '../tinker/clients.ts';
import { serviceSlot } from '../tinker/service.ts';
import { lengthOf, tokensOf } from '../tinker/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import { equalJson } from '../util/json.ts';
import { seedFor } from '../util/random.ts';
import { datumOf, type SampledText, samplerScores, sampleTexts, tokenScores, trainerScores } from './agreement.ts';
import { byDepth, type DepthRow, type Divergence, divergence, exceeds, nats } from './depth.ts';
import { type DoctorReport, type Finding, isSound } from './findings.ts';
import { rendererFindings, replyFindings, templateFindings } from './renderer_checks.ts';
import { reportLines } from './report.ts';

export interface DoctorOptions {
  /** A run, an adapter or a model. */
  target: string;
  /** Of a run: final, best or the name of a checkpoint; null = the newest. */
  checkpoint: string | null;
  /** An address, a name, or a mapping as YAML; null = the run's, or the engine of this package. */
  service: string | null;
  /** A name, or a mapping as YAML; null = what the weights were trained with, or what suits the model. */
  renderer: string | null;
  plugins: readonly string[];
  /** Texts that are sampled. */
  num_samples: number;
  /** Length of each text, in tokens; less where the model reads less. */
  depth: number;
  /** Requests that each text is sampled in. */
  turns: number;
  /** Divergence that is no fault, in nats a token. */
  max_kl: number;
  seed: number;
  /** Columns of the terminal that shows the report. */
  width?: number;
  signal: AbortSignal;
  /** Told of each part before it begins, and of what takes long. */
  notify(message: string): void;
}

export async function doctorCommand(
  options: DoctorOptions,
  registry: Registry,
): Promise<{ report: DoctorReport; lines: string[] }> {
  const { target: named, checkpoint, notify } = options;
  await addPlugins(
    options.plugins.map((file) => resolve(file)),
    registry,
    process.cwd(),
  );
  const ref = checkpoint === null ? named : { run: named, checkpoint };
  const service = serviceRef(options.service, registry);
  const renderer =
    options.renderer === null
      ? undefined
      : referenceFlag(rendererSlot, { flag: '--renderer', text: options.renderer }, registry);
  const opening = { purpose: 'train' as const, ...(service && { service }), ...(renderer && { renderer }) };
  const target = await openWeightsTarget(ref, opening, registry, notify);
  try {
    const report = await examine(target, options, registry);
    return { report, lines: reportLines(report, options.width) };
  } finally {
    await target.service.close();
  }
}

function serviceRef(text: string | null, registry: Registry): PlainRef | undefined {
  if (text === null) return undefined;
  const given = /^https?:\/\//.test(text) ? `{builder: tinker, base_url: ${JSON.stringify(text)}}` : text;
  return referenceFlag(serviceSlot, { flag: '--service', text: given }, registry);
}

async function examine(target: WeightsTarget, options: DoctorOptions, registry: Registry): Promise<DoctorReport> {
  const { renderer, rendererRef, serviceRef: service, description } = target;
  const { notify } = options;
  notify('renderer: prompts, replies and what ends them');
  const findings = [...rendererFindings(renderer), ...(await templateOf(target, registry))];
  notify('sampler and trainer: the same weights are opened for both');
  const trainer = await openTrainer(target);
  const sampler = await trainer.saveWeightsAndGetSamplingClient();
  const replies = await sampleReplies(sampler, target, options);
  findings.push(...replyFindings(renderer, replies));
  const { max_context_length } = await sampler.getInfo();
  // Services score a text with room for a token behind it.
  const depth = Math.min(options.depth, max_context_length - 1);
  const prompts = QUESTIONS.map((messages) => renderer.buildGenerationPrompt(messages));
  const longest = Math.max(...prompts.map(lengthOf));
  if (longest >= depth)
    throw new ConfigurationError(`--depth ${depth}: the prompts alone have up to ${longest} tokens`, {
      hint: 'Raise it, as far as the model reads.',
    });
  notify(`sampler and trainer: ${options.num_samples} texts of ${depth} tokens`);
  const texts = await sampleTexts(sampler, { ...options, prompts, depth });
  const trained = await trainerScores(trainer, texts);
  const rescored = await samplerScores(sampler, texts, options.signal);
  await sampler.close();
  const scores = tokenScores(texts, { trained, rescored });
  const whole = divergence(scores);
  const depths = byDepth(scores);
  const drawn = divergence(scores.map((score) => ({ ...score, trained: score.rescored })));
  findings.push(agreementFinding(depths, whole, options.max_kl), rescoringFinding(drawn, options.max_kl));
  notify('sampler and trainer: after an update of the weights');
  findings.push(await updateFinding(trainer, texts, trained, options));
  await trainer.close();
  return {
    target: description,
    service: service.builder,
    renderer: rendererRef,
    divergence: whole,
    depth: depths,
    findings,
    sound: isSound(findings),
  };
}

async function openTrainer({ service, model_path, base_model }: WeightsTarget): Promise<TrainingClient> {
  if (model_path !== undefined) return await service.createTrainingClientFromState(model_path);
  // A new adapter changes nothing: what is looked at is the model itself.
  return await service.createLoraTrainingClient({ base_model, rank: 8, seed: 0 });
}

/** The renderer against the model's own template, where there is one, and against what the weights were trained with. */
async function templateOf(
  { renderer, rendererRef, weights, base_model }: WeightsTarget,
  registry: Registry,
): Promise<Finding[]> {
  const { tokenizer } = renderer;
  const trainedWith = weights.renderer ?? null;
  const suits = trainedWith ?? (await recommendedRenderer({ modelName: base_model, tokenizer }));
  const isMeant = suits.builder === rendererRef.builder && equalJson(suits, rendererRef);
  const trained: Finding[] =
    trainedWith === null || isMeant
      ? []
      : [
          {
            id: 'renderer/trained_with',
            state: 'found',
            message: `the weights were trained with ${trainedWith.builder}, and this is ${rendererRef.builder}`,
            hint: 'Leave --renderer out, or the renderer of the spec, to speak to it as it was trained.',
          },
        ];
  if (tokenizer.chatTemplate === null) {
    const message = 'the model has no chat template to compare with';
    return [...trained, { id: 'renderer/template', state: 'skipped', message }];
  }
  if (renderer.name === 'chat_template') {
    return [...trained, { id: 'renderer/template', state: 'fine', message: "it is the model's own chat template" }];
  }
  const template = await registry.build(rendererSlot, { builder: 'chat_template' }, { tokenizer });
  return [...trained, ...templateFindings(renderer, template, isMeant)];
}

/** Plain enough for any model that can chat. */
const QUESTIONS: readonly (readonly Message[])[] = [
  'What is 3 + 4?',
  'Name an animal that can fly.',
  'Say hello to Molly.',
  'What color is grass?',
].map((content) => [{ role: 'user', content }]);

const REPLY_TOKENS = 96;

async function sampleReplies(client: SamplingClient, { renderer }: WeightsTarget, { seed, signal }: DoctorOptions) {
  const stop = renderer.getStopSequences();
  const asked = QUESTIONS.map(async (messages, q) => {
    const prompt = renderer.buildGenerationPrompt(messages);
    const params = { max_tokens: REPLY_TOKENS, temperature: 1, stop, seed: seedFor(seed, 'doctor reply', q) };
    const { sequences } = await client.sample(prompt, 2, params, { signal });
    return sequences.map(({ tokens }) => ({ messages, prompt: tokensOf(prompt), tokens }));
  });
  return (await Promise.all(asked)).flat();
}

function agreementFinding(rows: readonly DepthRow[], whole: Divergence, most: number): Finding {
  const id = 'numerics/by_depth';
  const worst = rows.find((row) => exceeds(row, most));
  if (worst !== undefined) {
    return {
      id,
      state: 'found',
      message: `sampler and trainer differ by more than ${most} nats a token at depth ${worst.from}–${worst.to}`,
      hint: 'Such a run learns from ratios that are no ratios of policies. See whether both have the same weights, positions and precision.',
    };
  }
  if (whole.largest === 0)
    return { id, state: 'fine', message: 'sampler and trainer agree to the bit, at every depth' };
  const message = `sampler and trainer differ by at most ${nats(whole.largest)} nats in a token, and within ${most} at every depth`;
  return { id, state: 'fine', message };
}

function rescoringFinding(drawn: Divergence, most: number): Finding {
  const id = 'numerics/rescoring';
  if (exceeds(drawn, most)) {
    return {
      id,
      state: 'found',
      message: `the sampler scores its own tokens otherwise than it drew them: KL v1 ${nats(drawn.kl_v1)}, v2 ${nats(drawn.kl_v2)}`,
    };
  }
  const by = drawn.largest === 0 ? 'to the bit' : `within ${nats(drawn.largest)} nats`;
  return { id, state: 'fine', message: `the sampler scores its own tokens as it drew them, ${by}` };
}

/** Whether a sampler that is opened after a step has the weights of that step. */
async function updateFinding(
  trainer: TrainingClient,
  texts: readonly SampledText[],
  before: readonly number[][],
  { signal, max_kl }: DoctorOptions,
): Promise<Finding> {
  const id = 'numerics/update';
  const few = texts.slice(0, 4);
  const data = few.map(datumOf);
  const step = await trainer.forwardBackward(data, 'cross_entropy');
  const update = await trainer.optimStep(STEP);
  await step.result();
  await update.result();
  const after = await trainerScores(trainer, few);
  const sampler = await trainer.saveWeightsAndGetSamplingClient();
  const seen = await samplerScores(sampler, few, signal);
  await sampler.close();
  const apart = (one: readonly number[][], other: readonly number[][]) =>
    divergence(
      few.flatMap(({ sampled }, n) =>
        [...sampled.keys()].map((position) => ({
          position,
          sampled: one[n][position],
          rescored: Number.NaN,
          trained: other[n][position],
        })),
      ),
    );
  const [moved, behind, stale] = [apart(before, after), apart(seen, after), apart(seen, before)];
  if (moved.largest === 0) return { id, state: 'found', message: 'a step of the optimizer changes nothing' };
  if (!exceeds(behind, max_kl) && behind.kl_v2 <= moved.kl_v2) {
    return { id, state: 'fine', message: `the sampler follows an update: ${nats(behind.largest)} nats apart at most` };
  }
  const old = stale.kl_v2 < behind.kl_v2 ? ': it still has the weights of before' : '';
  return {
    id,
    state: 'found',
    message: `after an update sampler and trainer differ, KL v2 ${nats(behind.kl_v2)}${old}`,
    hint: 'A policy that is trained so is never the one that acts.',
  };
}

/** Large enough to be seen in every token. */
const STEP = { learning_rate: 1e-3, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0, grad_clip_norm: 0 };
