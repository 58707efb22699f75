/**
 * Reads `.ini` files as the stock runners do, that is as Python's `configparser` does: comments are whole lines, option
 * names are in lower case, indented lines go on with a value, sections may be repeated.
 */
export interface IniSection {
  readonly name: string;
  readonly line: number;
  readonly options: ReadonlyMap<string, IniOption>;
}

export interface IniOption {
  readonly line: number;
  /** Lines of the value joined by newlines, without blanks at the end. */
  readonly value: string;
}

export interface IniProblem {
  readonly line: number;
  readonly message: string;
}

export interface IniFile {
  readonly sections: readonly IniSection[];
  readonly problems: readonly IniProblem[];
}

export interface IniRules {
  /** An option that is there already: its lines are added to it (Wazuh's runner), or it is replaced (OSSEC's). */
  readonly repeated: 'merge' | 'replace';
}

interface OpenOption {
  readonly line: number;
  readonly lines: string[];
}

interface OpenSection {
  readonly name: string;
  readonly line: number;
  readonly options: Map<string, OpenOption>;
}

/** Python's idea of white space, which `strip` cuts. */
const BLANK = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const ENDS = new RegExp(`^${BLANK}+|${BLANK}+$`, 'g');
const TRAILING = new RegExp(`${BLANK}+$`);
const INDENT = new RegExp(`^${BLANK}*`);
/** Up to the last bracket of the line, whatever stands behind it. */
const SECTION = /^\[(.+)\]/;
const OPTION = new RegExp(`^(.*?)${BLANK}*[=:]${BLANK}*(.*)$`, 's');

export function readIni(text: string, rules: IniRules): IniFile {
  const reader = new IniReader(rules);
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) reader.take(line, index + 1);
  return reader.finish();
}

class IniReader {
  readonly #rules: IniRules;
  readonly #sections = new Map<string, OpenSection>();
  readonly #defaults: OpenSection = { name: 'DEFAULT', line: 0, options: new Map() };
  readonly #problems: IniProblem[] = [];
  #section: OpenSection | undefined = undefined;
  #option: OpenOption | undefined = undefined;
  #indent = 0;

  constructor(rules: IniRules) {
    this.#rules = rules;
  }

  take(line: string, number: number): void {
    const value = line.replace(ENDS, '');
    if (value.startsWith('#') || value.startsWith(';')) return;
    if (value === '') {
      this.#option?.lines.push('');
      return;
    }
    const indent = INDENT.exec(line)![0].length;
    if (this.#option && indent > this.#indent) {
      this.#option.lines.push(value);
      return;
    }
    this.#indent = indent;
    const section = SECTION.exec(value);
    if (section) this.#openSection(section[1]!, number);
    else if (this.#section) this.#openOption(this.#section, value, number);
    else this.#problems.push({ line: number, message: 'a line before the first [section]' });
  }

  finish(): IniFile {
    const sections = [...this.#sections.values()].map(({ name, line, options }): IniSection => {
      const all = new Map([...this.#defaults.options, ...options]);
      const finished = [...all].map(([key, option]): [string, IniOption] => [
        key,
        { line: option.line, value: option.lines.join('\n').replace(TRAILING, '') },
      ]);
      return { name, line, options: new Map(finished) };
    });
    return { sections, problems: this.#problems };
  }

  #openSection(name: string, line: number): void {
    this.#option = undefined;
    if (name === 'DEFAULT') {
      this.#section = this.#defaults;
      return;
    }
    const section = this.#sections.get(name) ?? { name, line, options: new Map() };
    this.#sections.set(name, section);
    this.#section = section;
  }

  #openOption(section: OpenSection, value: string, line: number): void {
    const match = OPTION.exec(value);
    if (!match || match[1] === '') {
      this.#problems.push({ line, message: 'neither a [section] nor "name = value"' });
      return;
    }
    const name = match[1]!.toLowerCase();
    const first = match[2]!.replace(ENDS, '');
    const existing = this.#rules.repeated === 'merge' ? section.options.get(name) : undefined;
    if (existing) {
      existing.lines.push(first);
      this.#option = existing;
      return;
    }
    this.#option = { line, lines: [first] };
    section.options.set(name, this.#option);
  }
}
