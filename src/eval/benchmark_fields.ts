// `--set field=value` arguments as the parameters of a benchmark, checked as those of a spec are; and plugins that bring more of them.

import { benchmarkSlot } from '../evaluation/types.ts';
import type { Registry } from '../registry/registry.ts';
import type { PlainRef } from '../registry/slot.ts';
import { COMMAND_LINE, diagnose } from '../spec/diagnostics.ts';
import { MISSING } from '../spec/mismatch.ts';
import { applyOverrides } from '../spec/overrides.ts';
import { loadPlugins } from '../spec/plugins.ts';
import { resolveFields, surroundings } from '../spec/resolve.ts';
import { type MappingNode, mappingToJson, placeAt } from '../spec/tree.ts';
import type { Issue, SpecDocument } from '../spec/types.ts';
import { ConfigurationError, SpecError } from '../util/errors.ts';
import type { JsonObject } from '../util/json.ts';
import { programName } from '../util/program_name.ts';

/** Registers the builders of plugins. @throws SpecError for one that cannot be loaded */
export async function addPlugins(files: readonly string[], registry: Registry, cwd: string): Promise<void> {
  await loadPlugins(documentOf(emptyMapping(cwd), { plugins: [...files] }), registry);
}

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

function emptyMapping(cwd: string): MappingNode {
  return { kind: 'mapping', entries: new Map(), place: { file: COMMAND_LINE, line: 0, column: 0, directory: cwd } };
}

function documentOf(root: MappingNode, value: JsonObject): SpecDocument {
  return {
    value,
    template: value,
    placeOf: (path, part = 'value') => placeAt(root, path, part),
    file: COMMAND_LINE,
  };
}
