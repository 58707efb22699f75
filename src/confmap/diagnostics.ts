/** A place in a configuration; lines and columns start at 1. `file` is a path, or `--set` with the number of the option. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface ConfigDiagnostic {
  readonly severity: 'error' | 'warning';
  /** Stable, kebab-case. */
  readonly code: string;
  /** Keys from the root: `receivers`, `command/listening`, `interval`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly place?: Place;
  /** What to do about it, one sentence. */
  readonly help?: string;
}

/** `file:line:column: severity[code]: path: message`, then the help on a line of its own. */
export function formatConfigDiagnostic({ severity, code, path, message, place, help }: ConfigDiagnostic): string {
  const where = place ? `${place.file}:${place.line}:${place.column}: ` : '';
  const what = path.length > 0 ? `${formatPath(path)}: ` : '';
  return `${where}${severity}[${code}]: ${what}${message}${help ? `\n    help: ${help}` : ''}`;
}

/** `receivers.command/listening.env.A`, `exporters.file.paths[0]`. */
export function formatPath(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}
