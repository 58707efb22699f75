import { ConfigError } from '../component/errors.ts';
import { MemoryList } from '../processor/ruleset/compile/memory-list.ts';
import type { Ruleset } from '../processor/ruleset/compile/ruleset.ts';
import { rulesetConfigSchema } from '../processor/ruleset/config.ts';
import { type ContentConfig, toRulesetOptions } from '../processor/ruleset/content.ts';
import { type Diagnostic, formatDiagnostic } from '../processor/ruleset/diagnostics.ts';
import { loadRuleset, type RulesetOptions } from '../processor/ruleset/load.ts';
import { type CliIo, write } from './io.ts';
import { findRulesetConfig, type RulesetFlags, toContentConfig } from './ruleset-options.ts';

/**
 * The ruleset that the flags mean, with every finding about it on standard error; undefined where it cannot be loaded.
 * @throws ConfigError
 */
export async function loadRulesetOf(flags: RulesetFlags, io: CliIo): Promise<Ruleset | undefined> {
  const base = await readBase(flags, io);
  if (base === undefined) return undefined;
  const options = toRulesetOptions(toContentConfig(flags, base.content), base.baseDir);
  const { ruleset, diagnostics } = await loadRuleset({
    ...options,
    resolveList: async (name) => {
      await write(
        io.stderr,
        `list ${name} lives in the store, which only run opens: it is taken as empty here
`,
      );
      return new MemoryList(name);
    },
  });
  await printFindings(io, diagnostics);
  return ruleset;
}

/** As {@link loadRulesetOf}; an error of the options is printed in the name of the command. */
export async function tryLoadRuleset(command: string, flags: RulesetFlags, io: CliIo): Promise<Ruleset | undefined> {
  try {
    return await loadRulesetOf(flags, io);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    await write(io.stderr, `otel-hids ${command}: ${error.message}\n`);
    return undefined;
  }
}

/** Prints what is worth a person's time on standard error. */
export async function printFindings(io: CliIo, diagnostics: readonly Diagnostic[]): Promise<void> {
  for (const diagnostic of diagnostics) {
    if (diagnostic.severity !== 'info') await write(io.stderr, `${formatDiagnostic(diagnostic)}\n`);
  }
}

/**
 * The loader's options that the flags mean; undefined where a configuration cannot be read.
 * @throws ConfigError
 */
export async function rulesetOptionsOf(flags: RulesetFlags, io: CliIo): Promise<RulesetOptions | undefined> {
  const base = await readBase(flags, io);
  return base && toRulesetOptions(toContentConfig(flags, base.content), base.baseDir);
}

async function readBase(
  flags: RulesetFlags,
  io: CliIo,
): Promise<{ content: ContentConfig; baseDir: string } | undefined> {
  if (flags.config.length === 0) return { content: rulesetConfigSchema.parse({}), baseDir: process.cwd() };
  const { loadConfigOf, printDiagnostics } = await import('./load-config.ts');
  const loaded = loadConfigOf(flags, io.env);
  await printDiagnostics(io, loaded);
  if (loaded.config === undefined) return undefined;
  return { content: findRulesetConfig(loaded.config), baseDir: loaded.config.baseDir };
}
