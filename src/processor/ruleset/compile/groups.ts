/** Bytes of the group text that alerts.json looks at. */
const MAX_SPLIT = 1023;

const COMPLIANCE_PREFIXES = ['pci_dss', 'cis', 'gdpr', 'gpg13', 'hipaa', 'nist_800_53', 'tsc'] as const;

export interface SplitGroups {
  readonly groups: readonly string[];
  /** Arrays of alerts.json beside `groups`, in order of first appearance. */
  readonly compliance: ReadonlyMap<string, readonly string[]>;
}

/** Splits the group text as alerts.json shows it (ruleset-engine 9.3): pieces are not trimmed, prefixed ones go to arrays of their own. */
export function splitGroups(groupText: string): SplitGroups {
  const groups: string[] = [];
  const compliance = new Map<string, string[]>();
  for (const piece of groupText.slice(0, MAX_SPLIT).split(',')) {
    if (piece === '') continue;
    const prefix = COMPLIANCE_PREFIXES.find((name) => piece.startsWith(`${name}_`));
    if (prefix === undefined) {
      groups.push(piece);
    } else {
      const values = compliance.get(prefix) ?? [];
      values.push(piece.slice(prefix.length + 1));
      compliance.set(prefix, values);
    }
  }
  return { groups, compliance };
}
