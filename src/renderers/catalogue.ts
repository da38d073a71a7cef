// The renderers that ship, by family; a new family is one line here.

import type { CatalogueEntry } from './definition.ts';
import { deepseekV3 } from './families/deepseekv3.ts';
import { deepseekV41 } from './families/deepseekv4_1.ts';
import { glm53 } from './families/glm5_3.ts';
import { gptOss } from './families/gpt_oss.ts';
import { kimi } from './families/kimi.ts';
import { llama3 } from './families/llama3.ts';
import { nemotron3 } from './families/nemotron3.ts';
import { qwen3 } from './families/qwen3.ts';
import { qwen35 } from './families/qwen3_5.ts';
import { qwen38 } from './families/qwen3_8.ts';
import { roleColon } from './families/role_colon.ts';

export const CATALOGUE: readonly CatalogueEntry[] = [
  roleColon,
  llama3,
  ...qwen3,
  ...qwen35,
  ...qwen38,
  ...nemotron3,
  ...deepseekV3,
  ...deepseekV41,
  ...glm53,
  ...gptOss,
  ...kimi,
];
