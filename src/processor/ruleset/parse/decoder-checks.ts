import type { DecoderAst } from './ast.ts';

/** What belongs together in a decoder, and what must not stand together (ruleset-engine 2.8). */
export function checkDecoder(decoder: DecoderAst, fatal: (code: string, message: string, help: string) => void): void {
  const { parent, programName, prematch, regex, order, plugin, fts } = decoder;
  if (prematch === undefined && parent === undefined && programName === undefined) {
    fatal('decoder-matches-all', 'has neither prematch nor parent nor program_name', 'Say which events it is for.');
  }
  if (regex === undefined && order !== undefined) {
    fatal(
      'decoder-order-without-regex',
      'has <order> but no <regex>',
      'Add the regex whose captures the names are for.',
    );
  } else if (regex === undefined && fts !== undefined) {
    fatal(
      'decoder-fts-without-regex',
      'has <fts> but no <regex>',
      'Put fts into the decoder that extracts the fields.',
    );
  } else if (regex !== undefined && order === undefined) {
    fatal('decoder-regex-without-order', 'has <regex> but no <order>', 'Add <order> with a name for every capture.');
  }
  if (regex?.offset === 'after_parent' && parent === undefined) {
    fatal(
      'decoder-offset-without-parent',
      'offset after_parent without a parent',
      'Use after_prematch in a root decoder.',
    );
  }
  if (regex?.offset === 'after_prematch' && parent !== undefined && prematch === undefined) {
    fatal(
      'decoder-offset-without-prematch',
      'offset after_prematch without a prematch of its own',
      'Use after_parent.',
    );
  }
  if (regex?.offset === 'after_regex' && parent === undefined) {
    fatal(
      'decoder-offset-without-parent',
      'offset after_regex without a parent',
      'Only a child can go on after a regex.',
    );
  }
  if (prematch?.offset === 'after_parent' && parent === undefined) {
    fatal(
      'decoder-offset-without-parent',
      'prematch has offset after_parent, but there is no parent',
      'Remove the offset.',
    );
  } else if (prematch?.offset !== undefined && prematch.offset !== 'after_parent') {
    fatal(
      'decoder-bad-prematch-offset',
      `prematch cannot have offset ${prematch.offset}`,
      'Only after_parent is possible there.',
    );
  }
  if (plugin?.offset === 'after_parent' && parent === undefined) {
    fatal(
      'decoder-offset-without-parent',
      'plug-in has offset after_parent, but there is no parent',
      'Use after_prematch.',
    );
  }
  if (plugin?.offset === 'after_prematch' && prematch === undefined) {
    fatal(
      'decoder-offset-without-prematch',
      'plug-in has offset after_prematch, but there is no prematch',
      'Use after_parent.',
    );
  }
  if (plugin !== undefined && (regex !== undefined || order !== undefined)) {
    fatal(
      'decoder-plugin-with-regex',
      'has a plug-in and a regex',
      'A plug-in sets the fields itself: remove regex and order.',
    );
  }
}
