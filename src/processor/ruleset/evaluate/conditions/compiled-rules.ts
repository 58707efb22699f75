import type { CompiledRuleName, Dialect } from '../../compile/ruleset.ts';
import type { Event } from '../event.ts';

/** Google's own prefix: OSSEC looks its names up instead, which is not done here and so means no. */
const GOOGLE = '66.249.';
const CRAWLERS = ['72.14.', '209.85.', '65.55.', '207.46.', '74.6.', '72.30.', '67.195.'];
const MIN_ID_SIZE = 10;

/** The functions behind `compiled_rule`. No name is ever looked up: the engine does no network I/O. */
export function holdsCompiledRule(name: CompiledRuleName, event: Event, dialect: Dialect): boolean {
  switch (name) {
    case 'comp_srcuser_dstuser': {
      const srcuser = event.static('srcuser');
      const dstuser = event.static('dstuser');
      return srcuser === undefined || dstuser === undefined || srcuser === dstuser;
    }
    case 'check_id_size':
      return (event.static('id')?.length ?? 0) >= MIN_ID_SIZE;
    case 'comp_mswin_targetuser_calleruser_diff':
      return targetDiffersFromCaller(event.log);
    case 'is_simple_http_request': {
      const url = event.static('url');
      // For OSSEC only a GET is simple, where the method is known.
      if (dialect === 'ossec' && (event.static('action') ?? 'GET').toUpperCase() !== 'GET') return false;
      return url !== undefined && (url === '/' || !url.includes('?'));
    }
    case 'is_valid_crawler':
      if (dialect === 'wazuh' && event.log.startsWith(GOOGLE)) return true;
      return CRAWLERS.some((prefix) => event.log.startsWith(prefix));
  }
}

/** Compares the two account names of a Windows event up to the tab or double blank that ends them. */
function targetDiffersFromCaller(log: string): boolean {
  let target = valueStart(log, 'Target Account Name');
  let caller = valueStart(log, 'Caller User Name');
  if (target < 0 || caller < 0) return false;
  for (; log.charAt(target) === log.charAt(caller); target++, caller++) {
    if (target >= log.length || caller >= log.length) return false;
    if (log.charAt(target) === '\t' || log.startsWith('  ', target)) return false;
  }
  return true;
}

function valueStart(log: string, label: string): number {
  const at = log.indexOf(label);
  if (at < 0) return -1;
  const colon = log.indexOf(':', at);
  return colon < 0 ? -1 : colon + 1;
}
