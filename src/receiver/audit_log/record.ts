/** What the first words of an audit record say. One object is used again for all records. */
export interface RecordHeader {
  type: string;
  /** Text before `type=`, such as `node=web01 `; empty for most. */
  node: string;
  /** `SECONDS.MILLISECONDS:SERIAL`, the same in all records of an event. */
  id: string;
}

export function createHeader(): RecordHeader {
  return { type: '', node: '', id: '' };
}

const TYPE = 'type=';
const MESSAGE = ' msg=audit(';
const MAX_ID_LENGTH = 64;
const COLON = 58;
const BLANK = 32;

/**
 * Finds type and id of a record: `[node=HOST ]type=TYPE msg=audit(ID):`. False where they are not there, as in a torn
 * record. No regular expression: this is done for every record of a busy machine.
 */
export function parseHeader(text: string, into: RecordHeader): boolean {
  let start = 0;
  if (!text.startsWith(TYPE)) {
    start = text.indexOf(` ${TYPE}`) + 1;
    if (start === 0 || !text.startsWith('node=')) return false;
  }
  const typeStart = start + TYPE.length;
  const typeEnd = text.indexOf(' ', typeStart);
  if (typeEnd <= typeStart || !text.startsWith(MESSAGE, typeEnd)) return false;
  const idStart = typeEnd + MESSAGE.length;
  const idEnd = text.indexOf(')', idStart);
  if (idEnd <= idStart || idEnd - idStart > MAX_ID_LENGTH) return false;
  const after = text.charCodeAt(idEnd + 1);
  // auditd up to 1.x writes its own records, such as DAEMON_START, without the colon.
  if (after !== COLON && after !== BLANK) return false;
  into.type = text.slice(typeStart, typeEnd);
  into.node = start === 0 ? '' : text.slice(0, start);
  into.id = text.slice(idStart, idEnd);
  return true;
}

/** Whole seconds of an id, 0 where it does not begin with a number. */
export function secondsOf(id: string): number {
  let seconds = 0;
  for (let i = 0; i < id.length; i++) {
    const digit = id.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) break;
    seconds = seconds * 10 + digit;
  }
  return seconds;
}

/** Serial number of an id, undefined where it has none. */
export function serialOf(id: string): number | undefined {
  const start = id.lastIndexOf(':') + 1;
  if (start === 0 || start === id.length) return undefined;
  let serial = 0;
  for (let i = start; i < id.length; i++) {
    const digit = id.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    serial = serial * 10 + digit;
  }
  return serial;
}

/**
 * Types that programs send (numbers 1100 to 1299 and 2100 to 2999 of linux/audit.h and libaudit): such an event is one
 * record, the kernel never adds another one. LOGIN and the ANOM_ types of the kernel are not among them.
 */
const SINGLE_TYPES: ReadonlySet<string> = new Set(
  (
    'USER_AUTH USER_ACCT USER_MGMT CRED_ACQ CRED_DISP USER_START USER_END USER_AVC USER_CHAUTHTOK USER_ERR CRED_REFR ' +
    'USYS_CONFIG USER_LOGIN USER_LOGOUT ADD_USER DEL_USER ADD_GROUP DEL_GROUP DAC_CHECK CHGRP_ID TEST TRUSTED_APP ' +
    'USER_SELINUX_ERR USER_CMD USER_TTY CHUSER_ID GRP_AUTH SYSTEM_BOOT SYSTEM_SHUTDOWN SYSTEM_RUNLEVEL SERVICE_START ' +
    'SERVICE_STOP GRP_MGMT GRP_CHAUTHTOK MAC_CHECK ACCT_LOCK ACCT_UNLOCK USER_DEVICE SOFTWARE_UPDATE ' +
    'DAEMON_START DAEMON_END DAEMON_ABORT DAEMON_CONFIG DAEMON_RECONFIG DAEMON_ROTATE DAEMON_RESUME DAEMON_ACCEPT ' +
    'DAEMON_CLOSE DAEMON_ERR ' +
    'ANOM_LOGIN_FAILURES ANOM_LOGIN_TIME ANOM_LOGIN_SESSIONS ANOM_LOGIN_ACCT ANOM_LOGIN_LOCATION ANOM_MAX_DAC ' +
    'ANOM_MAX_MAC ANOM_AMTU_FAIL ANOM_RBAC_FAIL ANOM_RBAC_INTEGRITY_FAIL ANOM_CRYPTO_FAIL ANOM_ACCESS_FS ANOM_EXEC ' +
    'ANOM_MK_EXEC ANOM_ADD_ACCT ANOM_DEL_ACCT ANOM_MOD_ACCT ANOM_ROOT_TRANS ANOM_LOGIN_SERVICE ANOM_LOGIN_ROOT ' +
    'ANOM_ORIGIN_FAILURES ANOM_SESSION ' +
    'RESP_ANOMALY RESP_ALERT RESP_KILL_PROC RESP_TERM_ACCESS RESP_ACCT_REMOTE RESP_ACCT_LOCK_TIMED ' +
    'RESP_ACCT_UNLOCK_TIMED RESP_ACCT_LOCK RESP_TERM_LOCK RESP_SEBOOL RESP_EXEC RESP_SINGLE RESP_HALT ' +
    'RESP_ORIGIN_BLOCK RESP_ORIGIN_BLOCK_TIMED RESP_ORIGIN_UNBLOCK_TIMED ' +
    'USER_ROLE_CHANGE ROLE_ASSIGN ROLE_REMOVE LABEL_OVERRIDE LABEL_LEVEL_CHANGE USER_LABELED_EXPORT ' +
    'USER_UNLABELED_EXPORT DEV_ALLOC DEV_DEALLOC FS_RELABEL USER_MAC_POLICY_LOAD ROLE_MODIFY USER_MAC_CONFIG_CHANGE ' +
    'USER_MAC_STATUS ' +
    'CRYPTO_TEST_USER CRYPTO_PARAM_CHANGE_USER CRYPTO_LOGIN CRYPTO_LOGOUT CRYPTO_KEY_USER CRYPTO_FAILURE_USER ' +
    'CRYPTO_REPLAY_USER CRYPTO_SESSION CRYPTO_IKE_SA CRYPTO_IPSEC_SA ' +
    'VIRT_CONTROL VIRT_RESOURCE VIRT_MACHINE_ID VIRT_INTEGRITY_CHECK VIRT_CREATE VIRT_DESTROY VIRT_MIGRATE_IN ' +
    'VIRT_MIGRATE_OUT'
  ).split(' '),
);

export function isSingleRecordType(type: string): boolean {
  return SINGLE_TYPES.has(type);
}

/** Sent by auditd itself, which numbers them on its own: they say nothing about what the kernel's numbers lack. */
export function isDaemonType(type: string): boolean {
  return type.startsWith('DAEMON_');
}
