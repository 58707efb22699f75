import type { Diagnostic } from '../../../../src/processor/ruleset/diagnostics.ts';
import type { Dialect, SourceFile, XmlElement } from '../../../../src/processor/ruleset/parse/ast.ts';
import { parseXml } from '../../../../src/processor/ruleset/parse/xml.ts';

export function fileOf(content: string, path = 'rules/test.xml'): SourceFile {
  return { path, name: path.split('/').at(-1) ?? path, content };
}

export interface XmlResult {
  readonly elements: XmlElement[] | undefined;
  readonly diagnostics: Diagnostic[];
}

export function readXml(content: string, dialect: Dialect = 'wazuh'): XmlResult {
  const diagnostics: Diagnostic[] = [];
  return { elements: parseXml(fileOf(content), dialect, diagnostics), diagnostics };
}

/** Elements as text: `name{attributes}(content)[children]`, parts that are empty left out. */
export function show(elements: readonly XmlElement[] | undefined): string {
  if (elements === undefined) return 'fatal';
  return elements
    .map(({ name, attributes, content, children }) => {
      const shown = attributes.map((attribute) => `${attribute.name}=${attribute.value}`).join(',');
      return `${name}${shown && `{${shown}}`}${content && `(${content})`}${children.length > 0 ? `[${show(children)}]` : ''}`;
    })
    .join(' ');
}
