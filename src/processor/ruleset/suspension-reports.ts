import type { Counter } from '@opentelemetry/api';
import type { Host, Settings } from '../../component/host.ts';
import { bytesToText } from './bytes.ts';
import type { SuspensionChange } from './evaluate/suspensions.ts';

/** Owners that the status names. */
const MAX_NAMED = 20;

/**
 * Tells rules, metrics and the health endpoint which patterns are not asked at the moment: a rule that is silent is a way
 * to hide. The processor stays ready, since it does all it can.
 */
export class SuspensionReports {
  readonly #settings: Settings;
  readonly #host: Host;
  readonly #counter: Counter;
  /** How many suspensions each rule or decoder has. */
  readonly #open = new Map<string, number>();

  constructor(settings: Settings, host: Host) {
    this.#settings = settings;
    this.#host = host;
    this.#counter = settings.meter.createCounter('hids_ruleset_suspensions', {
      unit: '{suspension}',
      description: 'Times that a pattern which took too many steps was suspended, by rule or decoder',
    });
  }

  /** To be called after every batch. */
  look(changes: readonly SuspensionChange[]): void {
    if (changes.length === 0) return;
    for (const change of changes) this.#tell(change);
    const named = [...this.#open.keys()];
    const more = named.length > MAX_NAMED ? ` and ${named.length - MAX_NAMED} more` : '';
    const reason = `suspended: ${named.slice(0, MAX_NAMED).join(', ')}${more}`;
    const name = `${this.#settings.id} patterns`;
    this.#host.reportStatus(name, named.length === 0 ? { state: 'ok' } : { state: 'ok', reason });
  }

  #tell({ change, owner, host, trips }: SuspensionChange): void {
    const { id, logger } = this.#settings;
    const subject = bytesToText(owner);
    const whose = host === undefined ? 'all hosts' : bytesToText(host);
    const open = (this.#open.get(subject) ?? 0) + (change === 'suspended' ? 1 : -1);
    if (open > 0) this.#open.set(subject, open);
    else this.#open.delete(subject);
    if (change === 'suspended') this.#counter.add(1, { processor: id, owner: subject });
    logger.warn({ component: id, owner: subject, host: whose, trips }, `pattern ${change}`);
    const name = change === 'suspended' ? 'rule suspended' : 'rule resumed';
    this.#host.reportHealth({ name, subject, fields: { host: whose }, totals: { trips } });
  }
}
