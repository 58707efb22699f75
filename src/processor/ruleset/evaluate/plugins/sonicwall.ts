import type { Event } from '../event.ts';

const HEAD = /pri=(\d) c=(\d+) m=(\d+) /i;
const ADDRESSES = /src=(\d+\.\d+\.\d+\.\d+):(\d+):[^ ]+ dst=(\d+\.\d+\.\d+\.\d+):(\d+):/i;
const PROXY = /result=(\d+) dstname=([^ ]+) arg=([^ ]+)$/i;

/** Characters of a host name, the slash left out. */
const PROTOCOL = /^[A-Za-z0-9().@_-]{0,6}/;

const PASSED = new Set(['98', '597', '598']);
const DROPPED = new Set(['36', '37', '38', '173', '174']);

/**
 * SonicWall_Decoder: message number and category choose the event's type. The original changes its shared decoder and
 * so the next events; here the type belongs to the event alone.
 */
export function decodeSonicWall(event: Event): void {
  event.category = 'syslog';
  const head = HEAD.exec(event.log);
  if (!head) return;
  const [, priority = '', category = '', id = ''] = head;
  event.setStatic('status', priority);
  event.setStatic('id', id);

  const rest = event.log.slice(head.index + head[0].length);
  const addresses = ADDRESSES.exec(rest);
  if (!addresses) return;
  const [, srcip = '', srcport = '', dstip = '', dstport = ''] = addresses;
  event.setStatic('srcip', srcip);
  event.setStatic('srcport', srcport);
  event.setStatic('dstip', dstip);
  event.setStatic('dstport', dstport);

  const after = rest.slice(addresses.index + addresses[0].length);
  const blank = after.indexOf(' ');
  if (blank >= 0 && after.startsWith('proto=', blank + 1)) {
    event.setStatic('protocol', PROTOCOL.exec(after.slice(blank + 7))?.[0] ?? '');
  }

  if (category === '32') event.category = 'ids';
  else if (PASSED.has(id)) setFirewall(event, 'pass');
  else if (DROPPED.has(id)) setFirewall(event, 'drop');
  else if (id === '537') setFirewall(event, 'close');
  else if (id === '97') {
    event.category = 'squid';
    const proxy = PROXY.exec(after);
    if (!proxy) return;
    const [, result = '', name = '', argument = ''] = proxy;
    event.setStatic('id', result);
    event.setStatic('url', name + argument);
  }
}

function setFirewall(event: Event, action: string): void {
  event.category = 'firewall';
  event.setStatic('action', action);
}
