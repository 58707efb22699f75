/**
 * A fixed piece of work of the kind an engine does (find texts, look keys up, walk bytes, make small objects). How often
 * it runs in a CPU second tells how fast the machine is just now: figures are compared as ratios to it.
 */
const WORDS = ['failed', 'password', 'session', 'accept', 'denied', 'kernel', 'invalid', 'connection'];
const LINE = 'Dec 10 01:02:02 host sshd[1066]: Received disconnect from 192.0.2.7 port 50122:11: Bye Bye [preauth]';
const TABLE = new Map(Array.from({ length: 1000 }, (_, index) => [`key ${index}`, index]));
const KEYS = [...TABLE.keys()];
const PATTERN = /port (\d+):(\d+)/;

let kept: unknown;

function work(round: number): number {
  let sum = 0;
  for (const word of WORDS) sum += LINE.includes(word) ? 1 : 0;
  for (let index = 0; index < 16; index++) sum += TABLE.get(KEYS[(round * 7 + index * 31) % KEYS.length] ?? '') ?? 0;
  for (let index = 0; index < LINE.length; index++) sum = (sum + LINE.charCodeAt(index)) | 0;
  const match = PATTERN.exec(LINE);
  kept = { round, port: match?.[1], rest: LINE.slice(33 + (round & 7)) };
  return sum;
}

/** Rounds of the fixed work per CPU second. */
export function calibrate(seconds = 0.1): number {
  const start = process.cpuUsage();
  let rounds = 0;
  for (;;) {
    for (let index = 0; index < 1000; index++) work(rounds + index);
    rounds += 1000;
    const { user, system } = process.cpuUsage(start);
    const used = (user + system) / 1e6;
    if (used >= seconds && kept !== undefined) return rounds / used;
  }
}
