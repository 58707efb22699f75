import type { SourceSpan } from '../diagnostics.ts';

/** A file as it was read; `content` is bytes (one character each). */
export interface SourceFile {
  /** Path for diagnostics. */
  path: string;
  /** Base name: sort key in the wazuh dialect, `security_rule.ruleset.name` of alerts. */
  name: string;
  content: string;
}

/** One element of the originals' XML dialect, after `<var>` substitution. */
export interface XmlElement {
  name: string;
  attributes: readonly XmlAttribute[];
  /** Text as the original keeps it (of mixed content, what follows the last child). */
  content: string;
  children: readonly XmlElement[];
  span: SourceSpan;
}

export interface XmlAttribute {
  name: string;
  value: string;
  span: SourceSpan;
}
