import { encodeLogsRequestJson } from '../../otlp/encode-json.ts';
import type { LogBatch, LogRecord } from '../../pdata/logs.ts';
import { countRecords } from '../../pdata/logs.ts';
import { printableJson } from '../../pdata/printable.ts';
import { formatAlertsLog, formatNotification, type TextOptions } from './alert-text.ts';
import type { FileConfig } from './config.ts';
import { formatWazuhJson } from './wazuh-json.ts';

export interface FormattedBatch {
  bytes: Uint8Array;
  /** Records that `bytes` holds; the format has no text for the others. */
  records: number;
}

/** The text of a batch that will start at an offset of the file. */
export type FormatBatch = (batch: LogBatch, offset: number) => FormattedBatch;

/** What ends each record in a file of that format. */
export function recordEndOf(format: FileConfig['format']): string {
  switch (format) {
    case 'wazuh_json':
    case 'otlp_json':
      return '\n';
    case 'alerts_log':
      return '\n\n';
    case 'notification':
      return '\n\n\n';
  }
}

export function formatterOf(config: FileConfig, managerName: string): FormatBatch {
  const options: TextOptions = { dialect: config.dialect, escape: config.escape_control_characters };
  switch (config.format) {
    case 'otlp_json':
      return (batch) => ({
        bytes: Buffer.from(`${printableJson(encodeLogsRequestJson(batch))}\n`),
        records: countRecords(batch),
      });
    case 'wazuh_json':
      return eachRecord(({ alert }, offset) => (alert ? formatWazuhJson(alert, offset, managerName) : undefined));
    case 'alerts_log':
      return eachRecord(({ alert }, offset) => (alert?.rule ? formatAlertsLog(alert, offset, options) : undefined));
    case 'notification':
      return eachRecord(({ alert }) => (alert?.rule ? formatNotification(alert, options) : undefined));
  }
}

/** The ids of alerts hold the place at which each of them starts, so offsets are counted while the text grows. */
function eachRecord(format: (record: LogRecord, offset: number) => string | undefined): FormatBatch {
  return (batch, offset) => {
    const texts: string[] = [];
    let end = offset;
    for (const group of batch.logs) {
      for (const record of group.records) {
        const text = format(record, end);
        if (text === undefined) continue;
        texts.push(text);
        end += Buffer.byteLength(text);
      }
    }
    // One piece of memory for all: it lives until it is written, and what is outside the heap is collected late.
    const bytes = Buffer.allocUnsafeSlow(end - offset);
    let at = 0;
    for (const text of texts) at += bytes.write(text, at);
    return { bytes, records: texts.length };
  };
}
