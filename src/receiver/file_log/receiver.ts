import type { Intake, Receiver } from '../../component/component.ts';
import type { Settings } from '../../component/host.ts';
import { createLogRecord } from '../../pdata/logs.ts';
import { type BatchBuilder, createAttributes, decodeLine } from '../../tail/records.ts';
import { type LineHandler, Tailer } from '../../tail/tailer.ts';
import { type FileLogConfig, flushPeriodOf } from './config.ts';

export function createFileLogReceiver(settings: Settings, config: FileLogConfig, next: Intake): Receiver {
  const { multiline } = config;
  return new Tailer({
    settings,
    config,
    next,
    createHandler: (out) => createLineRecords(config, out),
    forceFlushPeriod: flushPeriodOf(config),
    multiline: multiline && { start: multiline.line_start_pattern, end: multiline.line_end_pattern },
  });
}

/** Each line is a record. */
function createLineRecords(config: FileLogConfig, out: BatchBuilder): LineHandler {
  const attributesOf = createAttributes(config);
  return {
    line(file, line) {
      const common = attributesOf(file);
      const attributes = line.cut ? new Map(common).set('hids.truncated', true) : common;
      const body = decodeLine(line, config.encoding);
      const identity = file.identityAt(line.offset, line.next);
      out.add(createLogRecord({ body, attributes, identity }), body.length);
    },
    caughtUp() {},
    pending: () => [],
    moved() {},
    state: () => '',
    admitted() {},
  };
}
