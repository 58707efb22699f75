import type { Event } from './event.ts';

/** Firewall events missing one of these never reach the rules of a live engine. */
export function isIncompleteFirewall(event: Event): boolean {
  return (
    event.static('action') === undefined ||
    event.static('srcip') === undefined ||
    event.static('dstip') === undefined ||
    event.static('srcport') === undefined ||
    event.static('dstport') === undefined ||
    event.static('protocol') === undefined
  );
}

/** The OSSEC daemon turns every action word into DROP, CLOSED or ALLOW before rules see it. */
export function rewriteFirewallAction(event: Event): void {
  const action = event.static('action') ?? '';
  const first = action.charAt(0).toLowerCase();
  let word = 'ALLOW';
  if ('drb'.includes(first) && first !== '') word = 'DROP';
  else if ('ct'.includes(first) && first !== '') word = 'CLOSED';
  event.setStatic('action', word);
}
