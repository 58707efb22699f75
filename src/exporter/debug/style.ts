/** Ways to set off a piece of text on a terminal. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'alarm';

/** Paints text that holds no control characters of its own. */
export type Paint = (style: Style, text: string) => string;

const CODES: Record<Style, string> = {
  bold: '1',
  dim: '2',
  red: '31',
  green: '32',
  yellow: '33',
  cyan: '36',
  alarm: '1;97;41',
};

export const paintNothing: Paint = (_style, text) => text;

export const paintAnsi: Paint = (style, text) => (text === '' ? '' : `\x1b[${CODES[style]}m${text}\x1b[0m`);

/** Whether to paint: as asked, else by the terminal and the usual variables (no-color.org). */
export function wantsColor(
  asked: 'auto' | 'always' | 'never',
  isTerminal: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  if (asked !== 'auto') return asked === 'always';
  if (environment.NO_COLOR) return false;
  if (environment.FORCE_COLOR) return environment.FORCE_COLOR !== '0';
  return isTerminal && environment.TERM !== 'dumb';
}

/** The style of an OpenTelemetry severity number. */
export function styleOfSeverity(severityNumber: number): Style {
  if (severityNumber >= 21) return 'alarm';
  if (severityNumber >= 17) return 'red';
  if (severityNumber >= 13) return 'yellow';
  return severityNumber >= 9 ? 'cyan' : 'dim';
}
