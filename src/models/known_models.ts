// The models that are known by name, as data: who made them, what they are, which renderers speak for them.
// tinker_cookbook/model_info.py; hidden sizes and adapter sizes: tinker_cookbook/hyperparam_utils.py.

import type { ModulePart } from '../formats/modules.ts';

/** Parameters that a LoRA adapter has in each part of a model, for each rank: the sum of in + out over its matrices. */
export type LoraParamsPerRank = Readonly<Record<ModulePart, number>>;

export interface KnownModel {
  /** `ORGANIZATION/NAME`, as on the hub. */
  readonly name: string;
  readonly version_str: string;
  /** Parameters, and of mixtures of experts those that a token uses: `30B-A3B`. */
  readonly size_str: string;
  readonly is_chat: boolean;
  /** The first is the default. */
  readonly recommended_renderers: readonly string[];
  readonly is_vl: boolean;
  readonly is_audio_in: boolean;
  readonly hidden_size: number;
  /** Null where nobody has published the numbers. */
  readonly lora_params: LoraParamsPerRank | null;
}

type Rest = Pick<KnownModel, 'hidden_size'> & Partial<Pick<KnownModel, 'is_vl' | 'is_audio_in'>> & { lora?: Lora };
type Lora = readonly [mlp: number, attn: number, unembed: number];

function chat(
  name: string,
  version_str: string,
  size_str: string,
  recommended_renderers: readonly string[],
  { hidden_size, is_vl = false, is_audio_in = false, lora }: Rest,
): KnownModel {
  const lora_params = lora === undefined ? null : { mlp: lora[0], attn: lora[1], unembed: lora[2] };
  const known = { name, version_str, size_str, recommended_renderers, is_vl, is_audio_in, hidden_size, lora_params };
  return { ...known, is_chat: true };
}

/** A model that was not taught to converse. */
function base(name: string, version_str: string, size_str: string, rest: Rest): KnownModel {
  return { ...chat(name, version_str, size_str, ['role_colon'], rest), is_chat: false };
}

const LLAMA3 = ['llama3'];
const QWEN3 = ['qwen3', 'qwen3_disable_thinking'];
const QWEN3_INSTRUCT = ['qwen3_instruct'];
const QWEN3_VL_INSTRUCT = ['qwen3_vl_instruct'];
const QWEN3_5 = ['qwen3_5', 'qwen3_5_disable_thinking', 'qwen3_5_preserve_thinking'];
const QWEN3_8 = [
  'qwen3_8_xhigh_reasoning',
  'qwen3_8_disable_thinking',
  'qwen3_8_medium_reasoning',
  'qwen3_8_low_reasoning',
];
const DEEPSEEK_V3 = ['deepseekv3', 'deepseekv3_thinking'];
const DEEPSEEK_V4_1 = [
  'deepseekv4_1',
  'deepseekv4_1_low_reasoning',
  'deepseekv4_1_max_reasoning',
  'deepseekv4_1_disable_thinking',
  'deepseekv4_1_preserve_thinking',
];
const GPT_OSS = ['gpt_oss_no_sysprompt', 'gpt_oss_medium_reasoning'];
const KIMI_K2_5 = ['kimi_k25', 'kimi_k25_disable_thinking'];
const KIMI_K2_6 = ['kimi_k26', 'kimi_k26_disable_thinking', 'kimi_k26_preserve_thinking'];
const KIMI_K3_1 = [
  'kimi_k31_pro_max_reasoning',
  'kimi_k31_pro_high_reasoning',
  'kimi_k31_pro_low_reasoning',
  'kimi_k31_pro_disable_thinking',
  'kimi_k31_pro_no_reasoning_effort',
];
const NEMOTRON3 = ['nemotron3', 'nemotron3_disable_thinking', 'nemotron3_preserve_thinking'];
const NEMOTRON3_SUPER = [...NEMOTRON3, 'nemotron3_low_thinking'];
const NEMOTRON3_ULTRA = [
  'nemotron3_ultra',
  'nemotron3_ultra_disable_thinking',
  'nemotron3_ultra_medium_thinking',
  'nemotron3_ultra_preserve_thinking',
];
const GLM_5_3 = ['glm5_3_max_reasoning', 'glm5_3_low_reasoning', 'glm5_3_high_reasoning'];
export const INKLING = ['tml_v0'];

/** Of these renderers the formats are not public: models recommend them, and nobody outside can write them. */
export const RENDERERS_WITHOUT_FORMAT: readonly string[] = [...KIMI_K3_1, ...INKLING];

const LLAMA_8B: Rest = { hidden_size: 4096, lora: [1_769_472, 851_968, 132_352] };
const LLAMA_70B: Rest = { hidden_size: 8192, lora: [8_847_360, 4_096_000, 136_448] };
const QWEN3_8B: Rest = { hidden_size: 4096, lora: [1_769_472, 958_464, 156_032] };
const V4_1_FLASH: Rest = { hidden_size: 5120, lora: [107_673_600, 1_013_760, 134_400] };

export const KNOWN_MODELS: readonly KnownModel[] = [
  base('meta-llama/Llama-3.2-1B', '3.2', '1B', { hidden_size: 2048, lora: [491_520, 212_992, 130_304] }),
  base('meta-llama/Llama-3.2-3B', '3.2', '3B', { hidden_size: 3072, lora: [946_176, 573_440, 131_328] }),
  base('meta-llama/Llama-3.1-8B', '3.1', '8B', LLAMA_8B),
  base('meta-llama/Llama-3.1-70B', '3.1', '70B', LLAMA_70B),
  chat('meta-llama/Llama-3.1-8B-Instruct', '3.1', '8B', LLAMA3, LLAMA_8B),
  chat('meta-llama/Llama-3.3-70B-Instruct', '3.3', '70B', LLAMA3, LLAMA_70B),

  base('Qwen/Qwen3-8B-Base', '3', '8B', QWEN3_8B),
  base('Qwen/Qwen3-30B-A3B-Base', '3', '30B-A3B', { hidden_size: 2048 }),
  chat('Qwen/Qwen3-8B', '3', '8B', QWEN3, QWEN3_8B),
  chat('Qwen/Qwen3-32B', '3', '32B', QWEN3, { hidden_size: 5120, lora: [5_898_240, 2_490_368, 157_056] }),
  chat('Qwen/Qwen3-30B-A3B', '3', '30B-A3B', QWEN3, { hidden_size: 2048 }),
  chat('Qwen/Qwen3-4B-Instruct-2507', '3', '4B', QWEN3_INSTRUCT, {
    hidden_size: 2560,
    lora: [1_327_104, 737_280, 154_496],
  }),
  chat('Qwen/Qwen3-30B-A3B-Instruct-2507', '3', '30B-A3B', QWEN3_INSTRUCT, { hidden_size: 2048 }),
  chat('Qwen/Qwen3-235B-A22B-Instruct-2507', '3', '235B-A22B', QWEN3_INSTRUCT, { hidden_size: 4096 }),
  chat('Qwen/Qwen3-VL-30B-A3B-Instruct', '3', '30B-A3B', QWEN3_VL_INSTRUCT, { hidden_size: 2048, is_vl: true }),
  chat('Qwen/Qwen3-VL-235B-A22B-Instruct', '3', '235B-A22B', QWEN3_VL_INSTRUCT, { hidden_size: 4096, is_vl: true }),
  base('Qwen/Qwen3.5-9B-Base', '3.5', '9B', { hidden_size: 4096, is_vl: true }),
  base('Qwen/Qwen3.5-35B-A3B-Base', '3.5', '35B-A3B', { hidden_size: 2048, is_vl: true }),
  chat('Qwen/Qwen3.5-4B', '3.5', '4B', QWEN3_5, { hidden_size: 2560, is_vl: true }),
  chat('Qwen/Qwen3.5-9B', '3.5', '9B', QWEN3_5, { hidden_size: 4096, is_vl: true }),
  chat('Qwen/Qwen3.5-27B', '3.5', '27B', QWEN3_5, { hidden_size: 5120, is_vl: true }),
  chat('Qwen/Qwen3.5-35B-A3B', '3.5', '35B-A3B', QWEN3_5, { hidden_size: 2048, is_vl: true }),
  chat('Qwen/Qwen3.5-397B-A17B', '3.5', '397B-A17B', QWEN3_5, { hidden_size: 4096, is_vl: true }),
  chat('Qwen/Qwen3.6-27B', '3.6', '27B', QWEN3_5, { hidden_size: 5120, is_vl: true }),
  chat('Qwen/Qwen3.6-35B-A3B', '3.6', '35B-A3B', QWEN3_5, { hidden_size: 2048, is_vl: true }),
  chat('Qwen/Qwen3.8-27B', '3.8', '27B', QWEN3_8, { hidden_size: 5120, is_vl: true }),

  base('deepseek-ai/DeepSeek-V3.1-Base', '3.1', '671B-A37B', { hidden_size: 7168 }),
  chat('deepseek-ai/DeepSeek-V3.1', '3.1', '671B-A37B', DEEPSEEK_V3, { hidden_size: 7168 }),
  chat('deepseek-ai/DeepSeek-V4.1-Flash', '4.1', '552B-A16B', DEEPSEEK_V4_1, V4_1_FLASH),
  chat('deepseek-ai/DeepSeek-V4.1-Flash-1017', '4.1', '552B-A16B', DEEPSEEK_V4_1, V4_1_FLASH),

  chat('openai/gpt-oss-20b', '1', '20b', GPT_OSS, { hidden_size: 2880 }),
  chat('openai/gpt-oss-120b', '1', '120b', GPT_OSS, { hidden_size: 2880 }),

  chat('moonshotai/Kimi-K2-Thinking', 'K2', '1T-A32B', ['kimi_k2'], { hidden_size: 7168 }),
  chat('moonshotai/Kimi-K2.5', 'K2.5', '1T-A32B', KIMI_K2_5, { hidden_size: 7168, is_vl: true }),
  chat('moonshotai/Kimi-K2.6', 'K2.6', '1T-A32B', KIMI_K2_6, { hidden_size: 7168, is_vl: true }),
  chat('moonshotai/Kimi-K3.1-Pro', 'K3.1', '2.8T-A104B', KIMI_K3_1, {
    hidden_size: 7168,
    is_vl: true,
    lora: [766_457_856, 8_040_960, 171_008],
  }),

  chat('nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16', '3', '30B-A3B', NEMOTRON3, { hidden_size: 2688 }),
  chat('nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-BF16', '3', '120B-A12B', NEMOTRON3_SUPER, { hidden_size: 4096 }),
  chat('nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16', '3', '550B-A55B', NEMOTRON3_ULTRA, { hidden_size: 8192 }),
  chat('nvidia/NVIDIA-Nemotron-3.5-Lightning-30B-A3B-BF16', '3.5', '30B-A3B', NEMOTRON3_ULTRA, { hidden_size: 2688 }),
  chat('nvidia/NVIDIA-Nemotron-3.5-Super-VL-120B-A12B-BF16', '3.5', '120B-A12B', NEMOTRON3_ULTRA, {
    hidden_size: 4096,
    is_vl: true,
    lora: [111_349_760, 1_675_264, 135_168],
  }),

  chat('zai-org/GLM-5.3', '5.3', '744B-A40B', GLM_5_3, {
    hidden_size: 6144,
    lora: [121_356_288, 2_920_320, 161_024],
  }),
  chat('zai-org/GLM-5.3-Flash', '5.3', '320B-A18B', GLM_5_3, {
    hidden_size: 4096,
    lora: [75_755_520, 2_009_088, 158_976],
  }),

  chat('thinkingmachines/Inkling', '1', '975B-A41B', INKLING, { hidden_size: 6144, is_vl: true, is_audio_in: true }),
  chat('thinkingmachines/Inkling-Small', '1', '276B-A12B', INKLING, {
    hidden_size: 4096,
    is_vl: true,
    is_audio_in: true,
    lora: [64_503_808, 1_311_744, 205_120],
  }),
  chat('thinkingmachines/Inkling-2-Small', '2', '594B-A17B', INKLING, {
    hidden_size: 4608,
    is_vl: true,
    lora: [128_065_536, 2_347_008, 205_632],
  }),
];
