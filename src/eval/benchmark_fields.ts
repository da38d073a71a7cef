// `--set field=value` arguments as the parameters of a benchmark, checked as those of a spec are.

import { benchmarkSlot } from '../evaluation/types.ts';
import type { Registry } from '../registry/registry.ts';
import type { PlainRef } from '../registry/slot.ts';
import { documentOf, emptyMapping } from '../spec/command_line.ts';
import { diagnose } from '../spec/diagnostics.ts';
import { MISSING } from '../spec/mismatch.ts';
import { applyOverrides } from '../spec/overrides.ts';
import { resolveFields, surroundings } from '../spec/resolve.ts';
import { mappingToJson } from '../spec/tree.ts';
import type { Issue } from '../spec/types.ts';
import { ConfigurationError, SpecError } from '../util/errors.ts';
import { programName } from '../util/program_name.ts';

/** @throws ConfigurationError for a benchmark that there is not, SpecError with all that is wrong with its fields */
export function benchmarkRef(name: string, assignments: readonly string[], registry: Registry, cwd: string): PlainRef {
  const builder = registry.find(benchmarkSlot.name, name);
  if (builder === undefined) {
    throw new ConfigurationError(registry.unknown(benchmarkSlot.name, name), {
      hint: `"${programName()} builders --slot ${benchmarkSlot.name}" lists them with what they take.`,
    });
  }
  const { root, diagnostics } = applyOverrides(emptyMapping(cwd), assignments, cwd);
  const value = mappingToJson(root);
  const document = documentOf(root, value);
  const { value: params, issues } = resolveFields(builder.params, value, registry, surroundings(document, cwd));
  if (issues.length + diagnostics.length > 0) {
    throw new SpecError([...diagnose(document, issues.map(withRemedy)), ...diagnostics]);
  }
  return { ...params, builder: name };
}

function withRemedy(issue: Issue): Issue {
  if (!issue.message.startsWith(MISSING)) return issue;
  return { ...issue, message: `${issue.message}; give it with --set ${issue.path.join('.')}=VALUE` };
}
