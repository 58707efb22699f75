import type { Config } from '../confmap/config.ts';
import { MemoryList } from '../processor/ruleset/compile/memory-list.ts';
import type { RulesetConfig } from '../processor/ruleset/config.ts';
import { loadContent } from '../processor/ruleset/content.ts';
import { formatDiagnostic } from '../processor/ruleset/diagnostics.ts';
import { rulesetFactory } from '../processor/ruleset/factory.ts';
import { runsCommands } from './components.ts';
import type { ConfigOptions } from './config-options.ts';
import { type CliIo, type ExitCode, write } from './io.ts';
import { loadConfigOf, printDiagnostics } from './load-config.ts';

/** Loads the configuration and the rulesets that it names; opens no store and starts nothing. */
export async function validate(options: ConfigOptions, io: CliIo): Promise<ExitCode> {
  const result = loadConfigOf(options, io.env);
  let { errors, warnings } = await printDiagnostics(io, result);
  if (result.config) {
    const found = await checkRulesets(result.config, !options.allowWritableConfig && runsCommands(result.config), io);
    errors += found.errors;
    warnings += found.warnings;
  }
  const count = `${errors} ${errors === 1 ? 'error' : 'errors'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  await write(io.stderr, `${errors > 0 ? 'not valid' : 'valid'}: ${count}\n`);
  return errors > 0 ? 1 : 0;
}

async function checkRulesets(
  config: Config,
  refuseWritable: boolean,
  io: CliIo,
): Promise<{ errors: number; warnings: number }> {
  let errors = 0;
  let warnings = 0;
  for (const { id, factory, config: own } of config.processors.values()) {
    if (factory.type !== rulesetFactory.type) continue;
    // It opens no store, and what a list holds is not the rules' business.
    const resolveList = async (name: string, stored: string) => {
      await write(
        io.stderr,
        `processors.${id}: list ${name} (keyv:${stored}) is in the store, which is not opened here\n`,
      );
      return new MemoryList(name);
    };
    const loaded = await loadContent(own as RulesetConfig, config.baseDir, { resolveList, refuseWritable });
    for (const diagnostic of loaded.diagnostics) await write(io.stderr, `${formatDiagnostic(diagnostic)}\n`);
    for (const { severity } of loaded.diagnostics) {
      if (severity === 'fatal' || severity === 'error') errors += 1;
      else if (severity === 'warning') warnings += 1;
    }
    if (!loaded.ruleset) await write(io.stderr, `processors.${id}: this ruleset cannot be loaded\n`);
  }
  return { errors, warnings };
}
