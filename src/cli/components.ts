import type { Config, Factories } from '../confmap/config.ts';
import { debugFactory } from '../exporter/debug/factory.ts';
import { fileFactory } from '../exporter/file/factory.ts';
import { otlpHttpFactory } from '../exporter/otlp_http/factory.ts';
import { basicAuthFactory } from '../extension/basicauth/factory.ts';
import { bearerTokenAuthFactory } from '../extension/bearertokenauth/factory.ts';
import { healthCheckFactory } from '../extension/health_check/factory.ts';
import { keyvStorageFactory } from '../extension/keyv_storage/factory.ts';
import { rulesetFactory } from '../processor/ruleset/factory.ts';
import { auditLogReceiverFactory } from '../receiver/audit_log/factory.ts';
import { commandReceiverFactory } from '../receiver/command/factory.ts';
import { fileLogReceiverFactory } from '../receiver/file_log/factory.ts';
import { otlpReceiverFactory } from '../receiver/otlp/factory.ts';

/** The one list of everything that is built in. */
export const factories: Factories = {
  extensions: [keyvStorageFactory, bearerTokenAuthFactory, basicAuthFactory, healthCheckFactory],
  receivers: [otlpReceiverFactory, commandReceiverFactory, fileLogReceiverFactory, auditLogReceiverFactory],
  processors: [rulesetFactory],
  exporters: [otlpHttpFactory, fileFactory, debugFactory],
};

/** Whether a configuration runs commands. */
export function runsCommands(config: Config): boolean {
  return [...config.receivers.values()].some(({ factory }) => COMMAND_TYPES.includes(factory.type));
}

/** Receivers that run what the configuration says: their configuration must not be writable by others. */
export const COMMAND_TYPES: readonly string[] = [commandReceiverFactory.type];
