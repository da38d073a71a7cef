// The renderers that ship, by family; a new family is one line here.

import type { CatalogueEntry } from './definition.ts';
import { llama3 } from './families/llama3.ts';
import { roleColon } from './families/role_colon.ts';

export const CATALOGUE: readonly CatalogueEntry[] = [roleColon, llama3];
