import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRandom, type Random } from '../../support/random.ts';

/** Recorded answers of the originals, with their logs; beside the project, not in it. */
export const CONFORMANCE = fileURLToPath(new URL('../../../../shared/conformance', import.meta.url));
export const hasConformance = existsSync(CONFORMANCE);

const SEED = 20_260_101;

interface StockCase {
  readonly file: string;
  readonly logs: readonly string[];
}

interface Answer {
  readonly decoder?: unknown;
  readonly rule?: unknown;
}

/** Lines as bytes, by corpus; what needs the recorded logs is undefined without them. */
export const CORPORA = {
  /** All lines of the stock tests. */
  mixed: () => shuffled(stockLines('wazuh-4.14.7'), createRandom(SEED)),
  json: () =>
    shuffled(
      stockLines('wazuh-4.14.7')?.filter((line) => line.startsWith('{')),
      createRandom(SEED),
    ),
  sshd: () =>
    shuffled(
      stockLines('wazuh-4.14.7', (file) => file === 'sshd.ini'),
      createRandom(SEED),
    ) ?? fill(SSHD, 5000),
  /** The same messages from a thousand sources, as a public host has them: windows by source stay open. */
  sshdSources: () => fill(SSHD, 20_000),
  auditd: () => fill(AUDIT, 5000),
  /** What no decoder knows, and no rule by itself. */
  none: () => shuffled(undecided(), createRandom(SEED)) ?? fill(UNKNOWN, 5000),
  ossec: () => shuffled(stockLines('ossec-4.3.0'), createRandom(SEED)),
  ossecSshd: () => fill(SSHD, 5000),
} as const;

function stockLines(original: string, wanted: (file: string) => boolean = () => true): string[] | undefined {
  if (!hasConformance) return undefined;
  return readFileSync(join(CONFORMANCE, original, 'tests', 'expected.jsonl'), 'utf8')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => JSON.parse(text) as StockCase)
    .filter(({ file }) => wanted(file))
    .flatMap(({ logs }) => logs.map(toBytes));
}

/** Lines of real logs, up to 200 B, for which the original has neither decoder nor rule. */
function undecided(): string[] | undefined {
  if (!hasConformance) return undefined;
  const answers = join(CONFORMANCE, 'wazuh-4.14.7', 'real-logs');
  return readdirSync(answers).flatMap((file) => {
    const lines = readFileSync(join(CONFORMANCE, 'real-logs', file.replace('.expected.jsonl', '.log')), 'latin1');
    const results = readFileSync(join(answers, file), 'utf8').split('\n');
    const found = lines.split('\n').filter((line, index) => {
      if (line === '' || line.length > 200 || !results[index]) return false;
      const { decoder, rule } = JSON.parse(results[index]) as Answer;
      return decoder === undefined && rule === undefined;
    });
    return found.slice(0, 500);
  });
}

function shuffled(lines: string[] | undefined, random: Random): string[] | undefined {
  if (!lines) return undefined;
  for (let index = lines.length - 1; index > 0; index--) {
    const other = random.int(0, index);
    [lines[index], lines[other]] = [lines[other]!, lines[index]!];
  }
  return lines;
}

const toBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** Lines from templates: `{ip}`, `{user}`, `{port}`, `{pid}`, `{word}`, `{serial}`. */
function fill(templates: readonly string[], count: number): string[] {
  const random = createRandom(SEED);
  const sources = Array.from({ length: 1000 }, () => `203.0.${random.int(0, 255)}.${random.int(1, 254)}`);
  return Array.from({ length: count }, (_, index) =>
    random.pick(templates).replace(/\{(\w+)\}/g, (_all, name: string) => {
      switch (name) {
        case 'ip':
          return random.pick(sources);
        case 'user':
          return random.pick(['root', 'admin', 'deploy', 'backup', 'www-data', 'alice', 'bob']);
        case 'port':
          return String(random.int(1024, 65535));
        case 'pid':
          return String(random.int(300, 32000));
        case 'serial':
          return String(100_000 + index);
        default:
          return random.pick(['billing', 'shop', 'search', 'render', 'queue', 'ledger', 'gateway', 'mirror']);
      }
    }),
  );
}

const SSHD = [
  'Dec 10 01:02:02 web01 sshd[{pid}]: Failed password for invalid user {user} from {ip} port {port} ssh2',
  'Dec 10 01:02:02 web01 sshd[{pid}]: Failed password for {user} from {ip} port {port} ssh2',
  'Dec 10 01:02:02 web01 sshd[{pid}]: Accepted publickey for {user} from {ip} port {port} ssh2: RSA SHA256:b7kJ5yQmB0',
  'Dec 10 01:02:02 web01 sshd[{pid}]: Received disconnect from {ip} port {port}:11: Bye Bye [preauth]',
  'Dec 10 01:02:02 web01 sshd[{pid}]: Connection closed by authenticating user {user} {ip} port {port} [preauth]',
  'Dec 10 01:02:02 web01 sshd[{pid}]: pam_unix(sshd:session): session opened for user {user} by (uid=0)',
  'Dec 10 01:02:02 web01 sshd[{pid}]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={ip}  user={user}',
];

const AUDIT = [
  'type=SYSCALL msg=audit(1700000000.123:{serial}): arch=c000003e syscall=59 success=yes exit=0 a0=55d2c8f0 a1=55d2c900 a2=55d2c910 a3=8 items=2 ppid={pid} pid={pid} auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=2 comm="ls" exe="/usr/bin/ls" key="audit-wazuh-c" type=EXECVE msg=audit(1700000000.123:{serial}): argc=2 a0="ls" a1="-l" type=CWD msg=audit(1700000000.123:{serial}):  cwd="/home/{user}" type=PATH msg=audit(1700000000.123:{serial}): item=0 name="/usr/bin/ls" inode=399849 dev=ca:02 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL',
  'type=SYSCALL msg=audit(1700000000.123:{serial}): arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7ffd a2=241 a3=1b6 items=2 ppid={pid} pid={pid} auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=2 comm="touch" exe="/usr/bin/touch" key="audit-wazuh-w" type=CWD msg=audit(1700000000.123:{serial}):  cwd="/home/{user}" type=PATH msg=audit(1700000000.123:{serial}): item=0 name="/srv/{word}/" inode=399849 dev=ca:02 mode=040755 ouid=0 ogid=0 rdev=00:00 nametype=PARENT',
  'type=USER_AUTH msg=audit(1700000000.123:{serial}): pid={pid} uid=0 auid=4294967295 ses=4294967295 msg=\'op=PAM:authentication grantors=pam_unix acct="{user}" exe="/usr/sbin/sshd" hostname={ip} addr={ip} terminal=ssh res=success\'',
  'type=CRED_ACQ msg=audit(1700000000.123:{serial}): pid={pid} uid=0 auid=4294967295 ses=4294967295 msg=\'op=PAM:setcred grantors=pam_unix acct="{user}" exe="/usr/sbin/cron" hostname=? addr=? terminal=cron res=success\'',
];

const UNKNOWN = [
  'Dec 10 01:02:02 web01 {word}d[{pid}]: request {serial} from {ip} took 12 ms in stage {word}',
  '2026-01-01T00:00:00.123456+00:00 web01 {word}-svc[{pid}]: level=info stage={word} items={pid} note="batch done"',
  '[{word}] worker {pid} finished round {serial} for {user}',
];
