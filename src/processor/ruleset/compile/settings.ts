import type { Dialect, RulesetSettings } from './ruleset.ts';

/** Values of the originals' shipped configuration (ruleset-engine 0), with what the user set put over them. */
export function resolveSettings(dialect: Dialect, given: Partial<RulesetSettings> = {}): RulesetSettings {
  return {
    alertLevel: given.alertLevel ?? (dialect === 'ossec' ? 1 : 3),
    emailLevel: given.emailLevel ?? (dialect === 'ossec' ? 7 : 12),
    // Less than that is raised by the original.
    memorySize: Math.max(2048, given.memorySize ?? 8192),
    decoderOrderSize: given.decoderOrderSize ?? 256,
    defaultTimeframe: given.defaultTimeframe ?? 360,
    ftsListSize: given.ftsListSize ?? 32,
    ftsMinSizeForStr: given.ftsMinSizeForStr ?? 14,
    sidPrevMatchedMax: given.sidPrevMatchedMax ?? 128,
  };
}
