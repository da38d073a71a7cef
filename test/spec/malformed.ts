// All malformed specs.

import { MALFORMED_FIELDS } from './malformed_fields.ts';
import { MALFORMED_SOURCES } from './malformed_sources.ts';
import { MALFORMED_YAML } from './malformed_yaml.ts';

export const MALFORMED = [...MALFORMED_YAML, ...MALFORMED_FIELDS, ...MALFORMED_SOURCES];
