import type { AnyValue } from '../../src/pdata/any-value.ts';
import { createLogRecord, type LogBatch, type LogRecord } from '../../src/pdata/logs.ts';
import { CORPORA } from '../bench/engine/corpora.ts';
import { createRandom, type Random } from '../support/random.ts';

const SEED = 7;
const RECORDS = 1000;
const HOSTS_IN_REQUEST = 10;
/** Hosts that send at one time; those that have sent longest leave for new ones. */
const ACTIVE_HOSTS = 2000;
/** Of a thousand events, how many come from the loudest hosts, so that quotas have something to do. */
const LOUD_SHARE = 0.2;
const LOUD_HOSTS = 5;
const IPV4 = /\b(?:\d{1,3}\.){3}\d{1,3}\b/g;
const USER = /\b(?<=user[ =])[a-z][\w-]{1,20}\b/g;

/** A line with holes for addresses and users; every use fills them anew. */
interface Template {
  readonly pieces: readonly string[];
  readonly holes: readonly ('address' | 'user')[];
}

/** Requests without end: lines of all kinds, of many hosts, users and addresses, never the same again. Seeded. */
export class EventSource {
  readonly #random: Random = createRandom(SEED);
  readonly #templates: readonly Template[];
  readonly #active: number;
  readonly #newHostEvery: number;
  #made = 0;

  /** `hosts` is how many there are in the whole of `events`. */
  constructor(events: number, hosts: number) {
    const lines = [...(CORPORA.mixed() ?? CORPORA.auditd()), ...CORPORA.sshdSources().slice(0, 1000)];
    this.#templates = lines.map((line) => toTemplate(Buffer.from(line, 'latin1').toString('utf8')));
    this.#active = Math.max(1, Math.min(ACTIVE_HOSTS, hosts));
    this.#newHostEvery = Math.max(1, Math.floor(events / Math.max(1, hosts - this.#active)));
  }

  /** Different hosts by now. */
  get hosts(): number {
    return Math.min(this.#made, Math.floor(this.#made / this.#newHostEvery) + this.#active) + LOUD_HOSTS;
  }

  next(): { batch: LogBatch; records: number } {
    const perHost = RECORDS / HOSTS_IN_REQUEST;
    const logs = Array.from({ length: HOSTS_IN_REQUEST }, () => {
      const name = this.#hostName();
      return {
        resource: {
          attributes: new Map<string, AnyValue>([
            ['host.name', name],
            ['service.name', 'load'],
          ]),
        },
        scope: { name: 'load', version: '', attributes: new Map<string, AnyValue>() },
        schemaUrl: '',
        trusted: false,
        records: Array.from({ length: perHost }, () => this.#record()),
      };
    });
    this.#made += RECORDS;
    return { batch: { logs }, records: RECORDS };
  }

  #hostName(): string {
    if (this.#random.int(0, 999) < LOUD_SHARE * 1000) return `loud-${this.#random.int(1, LOUD_HOSTS)}`;
    return `host-${Math.floor(this.#made / this.#newHostEvery) + this.#random.int(0, this.#active - 1)}`;
  }

  #record(): LogRecord {
    return createLogRecord({
      body: this.#fill(this.#random.pick(this.#templates)),
      identity: '',
      observedTimeUnixNano: BigInt(Date.now()) * 1_000_000n,
      attributes: new Map<string, AnyValue>([['log.file.path', `/var/log/app-${this.#random.int(1, 20)}.log`]]),
    });
  }

  #fill({ pieces, holes }: Template): string {
    let line = pieces[0]!;
    for (const [index, hole] of holes.entries()) {
      line += hole === 'user' ? `user${this.#random.int(1, 50_000)}` : this.#address();
      line += pieces[index + 1]!;
    }
    return line;
  }

  #address(): string {
    const { int } = this.#random;
    return `198.${int(18, 19)}.${int(0, 255)}.${int(1, 254)}`;
  }
}

function toTemplate(line: string): Template {
  const found = [
    ...[...line.matchAll(IPV4)].map((match) => ({ kind: 'address' as const, match })),
    ...[...line.matchAll(USER)].map((match) => ({ kind: 'user' as const, match })),
  ].sort((a, b) => a.match.index - b.match.index);
  const pieces: string[] = [];
  let from = 0;
  for (const { match } of found) {
    pieces.push(line.slice(from, match.index));
    from = match.index + match[0].length;
  }
  pieces.push(line.slice(from));
  return { pieces, holes: found.map(({ kind }) => kind) };
}
