import type { LocalHost } from '../../component/host.ts';
import { cutText } from '../../pdata/cut-text.ts';
import type { Resource } from '../../pdata/logs.ts';
import type { IdentityConfig } from './config.ts';

/** The host that an event comes from, as the engine tells agents apart. */
export interface HostIdentity {
  /** Stable key: agent id of the engine, `service.instance.id` of alerts. Own host: `000`. */
  agentId: string;
  /** Agent id as shown in alerts; empty where none is known. */
  shownAgentId: string;
  name: string;
  /** `host.id`, else `host.name`: `service.instance.id` of alerts. */
  key: string;
  local: boolean;
  /** The resource named no host. */
  missing: boolean;
}

/**
 * Own host is agent 000 with a bare location; every other host is an agent of its own, with the id that `client.keys` or
 * the `agents` map gives its name, else its key.
 */
export function createIdentifier(
  config: IdentityConfig,
  localHost: LocalHost,
  agentIds: ReadonlyMap<string, string>,
): (resource: Resource) => HostIdentity {
  const local: HostIdentity = {
    agentId: '000',
    shownAgentId: '000',
    name: localHost.name,
    key: localHost.id || localHost.name,
    local: true,
    missing: false,
  };
  const missing: HostIdentity = { ...local, missing: true };
  if (config.source === 'header') return () => local;
  return (resource) => {
    const name = textAttribute(resource, config.name);
    const id = config.key === 'host.id' ? textAttribute(resource, 'host.id') : '';
    if (name === '' && id === '') return missing;
    const isLocal = id !== '' && localHost.id !== '' ? id === localHost.id : name === localHost.name;
    if (isLocal) return local;
    const key = id || name;
    const known = agentIds.get(name);
    return { agentId: known ?? key, shownAgentId: known ?? '', name: name || id, key, local: false, missing: false };
  };
}

/** Longer names are no names: what is kept by host must not grow with them. */
const MAX_NAME_LENGTH = 256;

function textAttribute(resource: Resource, name: string): string {
  const value = resource.attributes.get(name);
  return typeof value === 'string' ? cutText(value, MAX_NAME_LENGTH) : '';
}

/**
 * Agent ids by name of a manager's `client.keys`: lines of `ID NAME IP KEY`; entries whose name or id starts with `!` or
 * `#` are removed agents. The key itself is never kept.
 */
export function parseClientKeys(text: string): Map<string, string> {
  const ids = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [id, name] = line.trim().split(/\s+/);
    if (id && name && /^\d{3,8}$/.test(id) && !name.startsWith('!') && !name.startsWith('#')) ids.set(name, id);
  }
  return ids;
}
