/**
 * The library face: the ruleset as a log record processor of the OpenTelemetry SDK, and the engine for who feeds it
 * himself. Everything else is the program's.
 */
export type { Alert, AlertRule } from './pdata/alert.ts';
export type { Ruleset } from './processor/ruleset/compile/ruleset.ts';
export { type Diagnostic, formatDiagnostic } from './processor/ruleset/diagnostics.ts';
export { createEngine, type Engine, type EngineOptions, type EventInput } from './processor/ruleset/evaluate/engine.ts';
export { EngineState } from './processor/ruleset/evaluate/state.ts';
export type { Verdict } from './processor/ruleset/evaluate/verdict.ts';
export { type LoadedRuleset, loadRuleset, type RulesetOptions } from './processor/ruleset/load.ts';
export {
  RulesetLogRecordProcessor,
  type RulesetLogRecordProcessorOptions,
} from './processor/ruleset/log-record-processor.ts';
