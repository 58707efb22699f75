import type { LintContext } from './context.ts';

/** References to rules that load later: the original sees only those before. */
export function checkForwardReferences({ rules, source, report }: LintContext): void {
  const order = new Map<number, { index: number; place: string }>();
  for (const [index, { attributes, file, span }] of rules.entries()) {
    if (attributes && !order.has(attributes.id))
      order.set(attributes.id, { index, place: `${file.name}:${span.line}` });
  }
  for (const [index, { attributes, elements, file }] of rules.entries()) {
    for (const { name, statement, span } of elements) {
      const ids =
        statement.kind === 'if_sid'
          ? (statement.text.match(/\d+/g) ?? []).map(Number)
          : statement.kind === 'if_matched_sid'
            ? [statement.sid]
            : [];
      for (const id of ids) {
        const target = order.get(id);
        // A rule may overwrite itself, and its own id is a slip of another kind.
        if (!target || target.index < index || id === attributes?.id) continue;
        const sorted =
          source.dialect === 'wazuh'
            ? 'files load in the order of their base names'
            : 'files load in the order of the configuration';
        report(
          'warning',
          'rule-forward-reference',
          `rule ${attributes?.id}: ${name} names rule ${id}, which is loaded later (${target.place})`,
          span,
          target.place.startsWith(`${file.name}:`)
            ? 'Move this rule behind the one that it names.'
            : `Rename this file so that it loads later: ${sorted}.`,
        );
      }
    }
  }
}
