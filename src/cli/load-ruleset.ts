import { ConfigError } from '../component/errors.ts';
import type { Ruleset } from '../processor/ruleset/compile/ruleset.ts';
import { rulesetConfigSchema } from '../processor/ruleset/config.ts';
import { type ContentConfig, toRulesetOptions } from '../processor/ruleset/content.ts';
import { type Diagnostic, formatDiagnostic } from '../processor/ruleset/diagnostics.ts';
import { loadRuleset, type RulesetOptions } from '../processor/ruleset/load.ts';
import { sqliteUri } from '../storage/open.ts';
import { findDataDir, stateFile } from './data-dir.ts';
import { type CliIo, write } from './io.ts';
import { storeOf } from './list/find-store.ts';
import { readStoredList } from './list/read-stored-list.ts';
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
    resolveList: (name, stored) => readStoredList(name, stored, base.storeUri, io),
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
): Promise<{ content: ContentConfig; baseDir: string; storeUri: string } | undefined> {
  const storeUri = sqliteUri(stateFile(findDataDir(undefined, io.env)));
  if (flags.config.length === 0) return { content: rulesetConfigSchema.parse({}), baseDir: process.cwd(), storeUri };
  const { loadConfigOf, printDiagnostics } = await import('./load-config.ts');
  const loaded = loadConfigOf(flags, io.env);
  await printDiagnostics(io, loaded);
  if (loaded.config === undefined) return undefined;
  const content = findRulesetConfig(loaded.config);
  return { content, baseDir: loaded.config.baseDir, storeUri: storeOf(loaded.config, content.storage) ?? storeUri };
}
