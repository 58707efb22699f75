import type { Event } from '../event.ts';

/**
 * SymantecWS_Decoder: `20070717,73613,1=5,11=10.1.1.3,10=userc,3=1,2=1`; the first entry of a kind counts, and the id
 * is up to nine bytes that include its key; what they cover is not looked at again.
 */
export function decodeSymantecWs(event: Event): void {
  const { log } = event;
  for (let comma = log.indexOf(','); comma >= 0; ) {
    const at = comma + 1;
    const next = log.indexOf(',', at);
    const end = next < 0 ? log.length : next;
    let from = at;
    if (log.startsWith('10=', at)) setOnce(event, 'dstuser', log.slice(at + 3, Math.min(end, at + 3 + MAX_NAME)));
    else if (log.startsWith('11=', at)) setOnce(event, 'srcip', log.slice(at + 3, Math.min(end, at + 3 + MAX_NAME)));
    else if (log.startsWith('60=', at)) setOnce(event, 'url', log.slice(at + 3, Math.min(end, at + 3 + MAX_URL)));
    else if (log.startsWith('3=', at) || log.startsWith('2=', at)) {
      setOnce(event, 'id', log.slice(at, at + ID_SIZE));
      from = at + ID_SIZE;
    }
    comma = log.indexOf(',', from);
  }
}

const MAX_NAME = 128;
const MAX_URL = 1024;
const ID_SIZE = 9;

function setOnce(event: Event, name: 'dstuser' | 'srcip' | 'url' | 'id', value: string): void {
  if (event.static(name) === undefined) event.setStatic(name, value);
}
