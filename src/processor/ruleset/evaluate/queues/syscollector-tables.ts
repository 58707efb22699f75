export interface LegacyType {
  /** Member that holds the item. */
  readonly member: string;
  /** Events without a scan number are refused. */
  readonly needsId: boolean;
  /** Field of an item that is plain text. */
  readonly prefix: string;
  readonly columns: Columns;
  /** Members with addresses of their own. */
  readonly nested?: readonly (readonly [key: string, prefix: string])[];
}

export interface DeltaTable {
  /** JSON key and field of each column; undefined where every member counts, under `prefix`. */
  readonly columns: Columns | undefined;
  readonly prefix: string;
  /** `proto` is 0 for ipv4, else ipv6. */
  readonly addressFamily?: boolean;
}

type Columns = readonly (readonly [key: string, name: string])[];

function under(prefix: string, names: string, renamed: Readonly<Record<string, string>> = {}): Columns {
  return names.split(' ').map((key) => [key, prefix + (renamed[key] ?? key)] as const);
}

const IFACE =
  'name adapter type state mtu mac tx_packets rx_packets tx_bytes rx_bytes tx_errors rx_errors tx_dropped rx_dropped';
const PORT = 'protocol local_ip local_port remote_ip remote_port tx_queue rx_queue inode state pid process';
const PROCESS =
  'pid name state ppid utime stime cmd argvs euser ruser suser egroup rgroup sgroup fgroup priority nice size ' +
  'vm_size resident share start_time pgrp session nlwp tgid tty processor';
const HARDWARE = 'board_serial cpu_name cpu_cores cpu_mhz ram_total ram_free ram_usage';
const OS_RENAMED = {
  os_name: 'name',
  os_version: 'version',
  os_codename: 'codename',
  os_major: 'major',
  os_minor: 'minor',
  os_patch: 'patch',
  os_build: 'build',
  os_platform: 'platform',
  os_display_version: 'display_version',
};
const OS =
  'hostname architecture os_name os_version os_codename os_major os_minor os_patch os_build os_platform sysname release';

/** Full scans of 3.x, by `type`. */
export const LEGACY_TYPES: ReadonlyMap<string, LegacyType> = new Map<string, LegacyType>([
  [
    'network',
    {
      member: 'iface',
      needsId: false,
      prefix: 'netinfo.iface',
      columns: under('netinfo.iface.', IFACE),
      nested: [
        ['IPv4', 'netinfo.iface.ipv4.'],
        ['IPv6', 'netinfo.iface.ipv6.'],
      ],
    },
  ],
  ['port', { member: 'port', needsId: true, prefix: 'port', columns: under('port.', PORT) }],
  [
    'program',
    {
      member: 'program',
      needsId: true,
      prefix: 'program',
      columns: under(
        'program.',
        'format name priority group size vendor install_time version architecture multi-arch source description location',
        { group: 'section', 'multi-arch': 'multiarch' },
      ),
    },
  ],
  [
    'process',
    { member: 'process', needsId: true, prefix: 'process', columns: under('process.', PROCESS, { argvs: 'args' }) },
  ],
  [
    'hardware',
    {
      member: 'inventory',
      needsId: false,
      prefix: 'hardware',
      columns: under('hardware.', HARDWARE, { board_serial: 'serial' }),
    },
  ],
  [
    'OS',
    {
      member: 'inventory',
      needsId: false,
      prefix: 'os',
      columns: under('os.', `${OS} version os_release os_display_version`, {
        ...OS_RENAMED,
        version: 'release_version',
      }),
    },
  ],
  ['hotfix', { member: 'hotfix', needsId: true, prefix: 'hotfix', columns: [] }],
]);

/** Deltas of 4.x, by `type`. */
export const DELTA_TABLES: ReadonlyMap<string, DeltaTable> = new Map<string, DeltaTable>([
  ['dbsync_network_iface', { columns: under('netinfo.iface.', IFACE), prefix: 'netinfo.iface.' }],
  [
    'dbsync_network_protocol',
    { columns: under('netinfo.proto.', 'iface type gateway dhcp metric'), prefix: 'netinfo.proto.' },
  ],
  [
    'dbsync_network_address',
    {
      columns: under('netinfo.addr.', 'iface proto address netmask broadcast'),
      prefix: 'netinfo.addr.',
      addressFamily: true,
    },
  ],
  ['dbsync_ports', { columns: under('port.', PORT), prefix: 'port.' }],
  [
    'dbsync_packages',
    {
      columns: under(
        'program.',
        'format name priority groups size vendor install_time version architecture multiarch source description location',
        { groups: 'section' },
      ),
      prefix: 'program.',
    },
  ],
  ['dbsync_processes', { columns: under('process.', PROCESS, { argvs: 'args' }), prefix: 'process.' }],
  ['dbsync_hwinfo', { columns: under('hardware.', HARDWARE, { board_serial: 'serial' }), prefix: 'hardware.' }],
  [
    'dbsync_osinfo',
    // The uname version comes second under the same name; the first counts.
    { columns: under('os.', `${OS} version os_release os_display_version`, OS_RENAMED), prefix: 'os.' },
  ],
  ['dbsync_hotfixes', { columns: [['hotfix', 'hotfix']], prefix: '' }],
  ['dbsync_users', { columns: undefined, prefix: 'user.' }],
  ['dbsync_groups', { columns: undefined, prefix: 'group.' }],
  ['dbsync_services', { columns: undefined, prefix: 'service.' }],
  ['dbsync_browser_extensions', { columns: undefined, prefix: 'browser_extension.' }],
]);
