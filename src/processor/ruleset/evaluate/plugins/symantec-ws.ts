import type { Event } from '../event.ts';

/**
 * SymantecWS_Decoder: `20070717,73613,1=5,11=10.1.1.3,10=userc,3=1,2=1`; the first entry of a kind counts, and the id
 * is up to nine bytes that include its key and may run over the comma.
 */
export function decodeSymantecWs(event: Event): void {
  const { log } = event;
  let at = log.indexOf(',');
  while (at >= 0) {
    at++;
    const end = log.indexOf(',', at);
    const stop = end < 0 ? log.length : end;
    if (log.startsWith('10=', at)) setOnce(event, 'dstuser', log.slice(at + 3, Math.min(stop, at + 131)));
    else if (log.startsWith('11=', at)) setOnce(event, 'srcip', log.slice(at + 3, Math.min(stop, at + 131)));
    else if (log.startsWith('60=', at)) setOnce(event, 'url', log.slice(at + 3, Math.min(stop, at + 1027)));
    else if (log.startsWith('3=', at) || log.startsWith('2=', at)) setOnce(event, 'id', log.slice(at, at + 9));
    at = end;
  }
}

function setOnce(event: Event, name: 'dstuser' | 'srcip' | 'url' | 'id', value: string): void {
  if (event.static(name) === undefined) event.setStatic(name, value);
}
