import type { Event } from '../event.ts';

/**
 * PF_Decoder: the one-line form of tcpdump on a pflog interface, `rule 3/0(match): pass in on em0: 1.2.3.4.5 > ...`.
 * What was found before the text stops fitting stays.
 */
export function decodePf(event: Event): void {
  const { log } = event;
  let at = log.indexOf(')');
  if (at < 0 || log.charAt(at + 1) !== ' ') return;
  at += 2;
  const action = log.charAt(at);
  if (action === 'p') event.setStatic('action', 'pass');
  else if (action === 'b') event.setStatic('action', 'block');
  else return;

  at = log.indexOf(':', at);
  if (at < 0 || log.charAt(at + 1) !== ' ') return;
  at += 2;
  const source = log.indexOf(' ', at);
  if (source < 0) return;
  const [srcip, srcport] = splitPort(log.slice(at, source));
  event.setStatic('srcip', srcip);
  if (srcport !== undefined) event.setStatic('srcport', srcport);

  at = source + 1;
  if (!log.startsWith('> ', at)) return;
  at += 2;
  const destination = log.indexOf(':', at);
  if (destination < 0) return;
  const [dstip, dstport] = splitPort(log.slice(at, destination));
  event.setStatic('dstip', dstip);
  if (dstport !== undefined) event.setStatic('dstport', dstport);

  at = destination + 1;
  while (log.charAt(at) === ' ') at++;
  const protocol = log.charAt(at);
  if (protocol === 'u') event.setStatic('protocol', 'UDP');
  else if (protocol === 'i') event.setStatic('protocol', 'ICMP');
  else if (protocol !== '') event.setStatic('protocol', 'TCP');
}

/** `1.2.3.4.5` is the address 1.2.3.4 and the port 5. */
function splitPort(text: string): [address: string, port: string | undefined] {
  let dot = -1;
  for (let count = 0; count < 4; count++) {
    dot = text.indexOf('.', dot + 1);
    if (dot < 0) return [text, undefined];
  }
  return [text.slice(0, dot), text.slice(dot + 1)];
}
