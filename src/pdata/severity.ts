/** OpenTelemetry severity of a Wazuh rule level (0 to 16). Texts are those that Wazuh 5 gives to the same levels. */
export interface Severity {
  number: number;
  text: string;
}

/** Rows by lowest level; the last row whose `fromLevel` is not above the level counts. */
export const SEVERITY_BY_LEVEL: readonly (Severity & { fromLevel: number })[] = [
  { fromLevel: 0, number: 9, text: 'informational' },
  { fromLevel: 4, number: 10, text: 'low' },
  { fromLevel: 7, number: 13, text: 'medium' },
  { fromLevel: 10, number: 17, text: 'high' },
  { fromLevel: 14, number: 21, text: 'critical' },
];
