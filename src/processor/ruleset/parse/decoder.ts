import type { Diagnostic } from '../diagnostics.ts';
import type { DecoderAst, DecoderFileAst, Dialect, SourceFile, XmlElement } from './ast.ts';
import { DecoderReader } from './decoder-reader.ts';
import type { ParseLimits } from './rule-statements.ts';
import { parseXml } from './xml.ts';

/** Reads a decoder file; whatever the original refuses is a fatal diagnostic, and the decoder is left out. */
export function parseDecoderFile(
  file: SourceFile,
  dialect: Dialect,
  limits: ParseLimits,
  diagnostics: Diagnostic[],
): DecoderFileAst | undefined {
  const roots = parseXml(file, dialect, diagnostics);
  if (roots === undefined) return undefined;
  if (roots.length === 0 && !isLocalDecoderFile(file)) {
    diagnostics.push({
      severity: 'fatal',
      code: 'decoder-file-empty',
      message: 'decoder file holds no <decoder>',
      help: 'Remove the file, or put a decoder into it.',
      span: { file: file.path, line: 1, column: 1, offset: 0 },
    });
  }
  const decoders: DecoderAst[] = [];
  for (const root of roots) {
    const decoder = parseDecoder(root, dialect, limits, diagnostics);
    if (decoder !== undefined) decoders.push(decoder);
  }
  return { file, decoders };
}

/** The one file that the originals ship empty. */
function isLocalDecoderFile(file: SourceFile): boolean {
  return /(^|\/)decoders\/local_decoder\.xml$/.test(file.path);
}

function parseDecoder(
  element: XmlElement,
  dialect: Dialect,
  limits: ParseLimits,
  diagnostics: Diagnostic[],
): DecoderAst | undefined {
  const fatal = (code: string, message: string, help: string) => {
    diagnostics.push({ severity: 'fatal', code, message, help, span: element.span });
    return undefined;
  };
  if (element.name.toLowerCase() !== 'decoder') {
    return fatal(
      'decoder-unknown-root',
      `<${element.name}> at the top of a decoder file`,
      'A decoder file holds only <decoder name="..."> and <var> elements.',
    );
  }
  const [name, second, third] = element.attributes;
  if (name === undefined || name.name.toLowerCase() !== 'name') {
    return fatal('decoder-without-name', 'first attribute of <decoder> is not its name', 'Write <decoder name="...">.');
  }
  const statusAllowed = dialect === 'wazuh' && second?.name.toLowerCase() === 'status';
  if ((second !== undefined && !statusAllowed) || third !== undefined) {
    return fatal(
      'decoder-unknown-attribute',
      `decoder "${name.value}" has more attributes than its name`,
      'Remove them.',
    );
  }
  if (element.children.length === 0) {
    return fatal(
      'decoder-empty',
      `decoder "${name.value}" holds nothing`,
      'Give it a program_name, a prematch or a parent.',
    );
  }
  return new DecoderReader(name.value, element, dialect, limits, diagnostics).read();
}
