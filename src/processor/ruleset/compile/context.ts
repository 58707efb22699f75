import type { Diagnostic } from '../diagnostics.ts';
import type { Expressions } from './expressions.ts';
import type { Compat, Dialect, LookupList, RulesetSettings } from './ruleset.ts';

/** What every step of compiling one ruleset shares. */
export interface CompileContext {
  readonly dialect: Dialect;
  readonly compat: Compat;
  readonly settings: RulesetSettings;
  readonly diagnostics: Diagnostic[];
  readonly expressions: Expressions;
  /** By name without `.cdb`. */
  readonly lists: ReadonlyMap<string, LookupList>;
  /** Names that `decoded_as` may use. */
  readonly decoderIds: ReadonlyMap<string, number>;
  /** Rules that the add-ons bring stand behind this many of the user's. */
  readonly isAddon: (path: string) => boolean;
  /** Some file could not be read: then what is missing is no finding. */
  readonly incomplete: boolean;
}
