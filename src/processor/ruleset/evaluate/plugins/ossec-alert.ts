import type { Event } from '../event.ts';
import { ownCopy } from '../state/own-copy.ts';

const HEADS = ['Alert Level: ', 'ossec: Alert Level:'];
const MAX_LOCATION = 255;
const MAX_LOG = 4094;

/**
 * OSSECAlert_Decoder: an alert another server forwarded,
 * `Alert Level: 3; Rule: 5715 - text; Location: LOC; srcip: X; user: Y;  original log`. Rules are not evaluated then:
 * the named rule is the result. `isKnownRule` says whether a rule of that id exists.
 */
export function decodeOssecAlert(event: Event, isKnownRule: (id: string) => boolean): void {
  event.category = 'ossec-alert';
  const { log } = event;
  if (!HEADS.some((head) => log.startsWith(head))) return;
  const rule = /; Rule: (\d+) - /.exec(log);
  if (!rule) return;
  const id = String(Number(rule[1]));
  let at = log.indexOf('; Location: ', rule.index + rule[0].length);
  if (at < 0) return;
  at += '; Location: '.length;
  const locationEnd = log.indexOf(';', at);
  if (locationEnd < 0) return;
  if (!isKnownRule(id)) return;
  const place = ownCopy(`${event.location}|${log.slice(at, locationEnd)}`.slice(0, MAX_LOCATION));
  event.location = place;
  event.hostname = place;
  event.hostnameKnown = true;

  // Pairs, until a piece begins with a second blank: that is the forwarded log.
  at = locationEnd;
  while (log.startsWith('; ', at)) {
    if (log.charAt(at + 2) === ' ') {
      event.fullLog = ownCopy(log.slice(at + 3, at + 3 + MAX_LOG));
      event.log = event.fullLog;
      event.forwardedRule = id;
      return;
    }
    const end = log.indexOf(';', at + 2);
    if (end < 0) return;
    const piece = log.slice(at + 2, end);
    if (piece.startsWith('srcip: ')) event.setStatic('srcip', piece.slice(7));
    else if (piece.startsWith('user: ')) event.setStatic('dstuser', piece.slice(6));
    at = end;
  }
}
