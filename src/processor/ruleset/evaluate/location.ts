import type { Dialect } from '../compile/ruleset.ts';
import type { Event } from './event.ts';

/**
 * Agent id and name out of the raw location (ruleset-engine 3.5): `[001] (web01) any->/var/log/x` in the wazuh dialect,
 * `(web01) any->/var/log/x` in the ossec one, where the whole text serves as hostname. An agent's name replaces the
 * host of the syslog header. False: the original rejects the event.
 */
export function readLocation(event: Event, dialect: Dialect): boolean {
  const { location } = event;
  if (dialect === 'ossec') {
    if (location.charCodeAt(0) === 40) {
      event.hostname = location;
      event.hostnameKnown = true;
    }
    return !/(^|\/)\.\.(\/|$)/.test(location);
  }
  if (location.charCodeAt(0) !== 91) return true;
  const close = location.indexOf(']');
  if (close < 0) return false;
  event.agentId = location.slice(1, close);
  event.location = location.slice(location.charCodeAt(close + 1) === 32 ? close + 2 : close + 1);
  event.hostname = agentName(event.location);
  event.hostnameKnown = true;
  return true;
}

/** The text in the parentheses an agent's location starts with; empty where there are none. */
export function agentName(location: string): string {
  if (location.charCodeAt(0) !== 40) return '';
  const close = location.indexOf(')');
  return close < 0 ? '' : location.slice(1, close);
}
