import type { Dialect } from '../../processor/ruleset/compile/ruleset.ts';

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

/** Of Python 2: the name holds no delimiter and starts with something. */
const OSSEC_SECTION = /^\[([^\]]+)\]/;
const OSSEC_OPTION = /^([^:=\s][^:=]*)[:=]\s*(.*)$/;

/**
 * Reads `.ini` files as the stock runners do. Wazuh's has Python 3's `configparser` and puts options of one name
 * together; OSSEC's has that of Python 2, where the last one counts and ` ;` begins a comment within a value.
 */
export function readIni(text: string, dialect: Dialect): IniFile {
  const reader = new IniReader();
  const lines = dialect === 'wazuh' ? text.split(/\r\n|\r|\n/) : text.split('\n');
  for (const [index, line] of lines.entries()) {
    if (dialect === 'wazuh') reader.take(line, index + 1);
    else reader.takeOssec(line, index + 1);
  }
  return reader.finish();
}

class IniReader {
  readonly #sections = new Map<string, OpenSection>();
  readonly #defaults: OpenSection = { name: 'DEFAULT', line: 0, options: new Map() };
  readonly #problems: IniProblem[] = [];
  #section: OpenSection | undefined = undefined;
  #option: OpenOption | undefined = undefined;
  #indent = 0;

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
    const option = OPTION.exec(value);
    if (section) this.#openSection(section[1]!, number);
    else if (!this.#section || !option?.[1]) this.#complain(number);
    else this.#openOption(this.#section, option[1].toLowerCase(), option[2]!.replace(ENDS, ''), number, true);
  }

  takeOssec(line: string, number: number): void {
    const value = line.trim();
    if (value === '' || /^[#;]/.test(line) || /^rem\s/i.test(`${line}\n`)) return;
    if (/^\s/.test(line) && this.#option) {
      this.#option.lines.push(value);
      return;
    }
    const section = OSSEC_SECTION.exec(line);
    const option = OSSEC_OPTION.exec(line.replace(/\r$/, ''));
    if (section) this.#openSection(section[1]!, number);
    else if (!this.#section || !option) this.#complain(number);
    else this.#openOption(this.#section, option[1]!.trimEnd().toLowerCase(), ossecValue(option[2]!), number, false);
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

  #complain(line: number): void {
    const message = this.#section ? 'neither a [section] nor "name = value"' : 'a line before the first [section]';
    this.#problems.push({ line, message });
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

  #openOption(section: OpenSection, name: string, value: string, line: number, merge: boolean): void {
    const existing = merge ? section.options.get(name) : undefined;
    existing?.lines.push(value);
    this.#option = existing ?? { line, lines: [value] };
    section.options.set(name, this.#option);
  }
}

function ossecValue(text: string): string {
  const comment = text.indexOf(';');
  const isComment = comment > 0 && /\s/.test(text[comment - 1]!);
  const kept = (isComment ? text.slice(0, comment) : text).trim();
  return kept === '""' ? '' : kept;
}
