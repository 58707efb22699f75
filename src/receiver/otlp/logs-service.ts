import { hash } from 'node:crypto';
import type { Intake } from '../../component/component.ts';
import type { Settings } from '../../component/host.ts';
import { decodeLogsRequest } from '../../otlp/decode.ts';
import { decodeLogsRequestJson } from '../../otlp/decode-json.ts';
import { createDecodeReport, type DecodeReport } from '../../otlp/limits.ts';
import type { LogsResponse } from '../../otlp/response.ts';
import { cutText } from '../../pdata/cut-text.ts';
import { countRecords, type LogBatch } from '../../pdata/logs.ts';
import type { Complaints } from './complaints.ts';
import { describeFailure } from './failure.ts';
import { enforceBinding, type Sender } from './host-binding.ts';
import type { Ticket } from './in-flight.ts';
import type { Claim, ResendMemory } from './resend-memory.ts';
import type { OtlpTelemetry } from './telemetry.ts';

const UID_ATTRIBUTE = 'log.record.uid';
const MAX_UID_LENGTH = 128;
/** Longest name of a host, after RFC 1035. */
const MAX_HOST_LENGTH = 255;
const SUCCESS: LogsResponse = { rejectedLogRecords: 0, errorMessage: '' };

export type Encoding = 'protobuf' | 'json';

export interface LogsServiceParts {
  settings: Settings;
  next: Intake;
  trusted: boolean;
  memory: ResendMemory;
  telemetry: OtlpTelemetry;
  complaints: Complaints;
  /** Told of every host that has sent records which were taken, and of this receiver itself. */
  seen(source: string): void;
}

/** `LogsService/Export` behind both transports: from the bytes of a request to the answer it may be given. */
export class LogsService {
  private readonly parts: LogsServiceParts;

  constructor(parts: LogsServiceParts) {
    this.parts = parts;
  }

  /**
   * Resolves when everything the request led to is safe, or was so already. The ticket is told how much memory the
   * records take, `onDecoded` is called when the bytes are not needed any more.
   * @throws MalformedRequestError, RequestTooLargeError, RefusedError, or what the pipeline rejects with
   */
  async export(
    body: Uint8Array,
    encoding: Encoding,
    ticket: Ticket,
    sender: Sender,
    onDecoded?: () => void,
  ): Promise<LogsResponse> {
    const { memory, telemetry } = this.parts;
    if (body.length === 0 && encoding === 'protobuf') return SUCCESS;
    // What a bound sender sent is known by it too, so that it cannot make us drop what another one will send.
    const scope = sender.hosts.length === 0 ? '' : `${sender.subject}\0`;
    const content = hash('sha256', body, 'base64url');
    const digest = scope === '' ? content : hash('sha256', scope + content, 'base64url');
    for (;;) {
      const pending = memory.inFlight(digest);
      if (pending === undefined) break;
      await pending;
    }
    if (memory.knowsRequest(digest)) {
      telemetry.requestResent();
      return SUCCESS;
    }

    // Until then the records wait as the bytes they came in.
    await this.parts.next.turn?.();
    const report = createDecodeReport();
    let batch: LogBatch | undefined = decode(body, encoding, report);
    onDecoded?.();
    try {
      ticket.resize(report.decodedBytes);
    } catch (error) {
      telemetry.refused(countRecords(batch));
      throw error;
    }
    const foreign = enforceBinding(batch, sender);
    const uids = this.identify(batch, digest, scope);
    // Up to the claim nothing may wait after this loop: another request could claim the same in between.
    for (;;) {
      const pending = memory.inFlight(digest, uids);
      if (pending === undefined) break;
      await pending;
    }
    if (memory.knowsRequest(digest)) {
      telemetry.requestResent();
      return SUCCESS;
    }
    const fresh = this.dropKnown(batch, uids);
    if (fresh.length > 0 || countRecords(batch) > 0) {
      const stored = this.handOver(batch, digest, fresh);
      batch = undefined;
      await stored;
    }
    return this.answer(report, foreign);
  }

  /** What waits for the disk keeps no records: they would be old by then, and take a full collection to get rid of. */
  private handOver(batch: LogBatch, digest: string, uids: readonly string[]): Promise<void> {
    const { memory, next } = this.parts;
    const claim = memory.claim(digest, uids);
    const hosts = hostsOf(batch);
    const records = countRecords(batch);
    return this.settle(next.consume(batch, claim.progress), claim, records, hosts);
  }

  private async settle(stored: Promise<void>, claim: Claim, records: number, hosts: Iterable<string>): Promise<void> {
    const { settings, telemetry } = this.parts;
    try {
      await stored;
    } catch (error) {
      claim.rollback();
      const failure = describeFailure(error);
      if (failure.reason === 'refused') telemetry.refused(records);
      else telemetry.failed(records);
      if (failure.reason === 'failed') settings.logger.error({ error, records }, 'records could not be stored');
      throw error;
    }
    claim.commit();
    telemetry.accepted(records);
    this.parts.seen(settings.id);
    for (const host of hosts) this.parts.seen(host);
  }

  /** Gives every record its identity and every group its trust; returns the uids there are. */
  private identify(batch: LogBatch, digest: string, scope: string): string[] {
    const uids: string[] = [];
    let index = 0;
    for (const group of batch.logs) {
      group.trusted = this.parts.trusted;
      for (const record of group.records) {
        const uid = record.attributes.get(UID_ATTRIBUTE);
        if (typeof uid === 'string' && uid !== '') {
          const isOwnKey = uid.length <= MAX_UID_LENGTH && scope === '';
          const bounded = isOwnKey ? uid : hash('sha256', scope + uid, 'base64url');
          record.identity = `uid:${bounded}`;
          uids.push(bounded);
        } else record.identity = `otlp:${digest}:${index}`;
        index++;
      }
    }
    return uids;
  }

  /** Takes out the records whose uid was seen before, here or in an earlier request; returns the uids that stay. */
  private dropKnown(batch: LogBatch, uids: readonly string[]): string[] {
    if (uids.length === 0) return [];
    const { memory, telemetry } = this.parts;
    const fresh = new Set<string>();
    let dropped = 0;
    for (const group of batch.logs) {
      group.records = group.records.filter(({ identity }) => {
        if (!identity.startsWith('uid:')) return true;
        const uid = identity.slice(4);
        if (fresh.has(uid) || memory.knowsUid(uid)) {
          dropped++;
          return false;
        }
        fresh.add(uid);
        return true;
      });
    }
    batch.logs = batch.logs.filter((group) => group.records.length > 0);
    telemetry.recordsResent(dropped);
    return [...fresh];
  }

  private answer(report: DecodeReport, foreign: number): LogsResponse {
    const { complaints, telemetry } = this.parts;
    telemetry.recordsRejected(report.rejectedRecords, 'limit');
    telemetry.recordsRejected(foreign, 'host');
    if (foreign > 0) {
      complaints.warn('foreign_host', { records: foreign }, 'records of hosts that their sender may not speak for');
      const errorMessage = `${foreign} records name no host, or one that this sender may not speak for`;
      return {
        rejectedLogRecords: foreign + report.rejectedRecords,
        errorMessage: report.rejectedRecords > 0 ? `${errorMessage}; ${report.rejectedReason}` : errorMessage,
      };
    }
    if (report.rejectedRecords > 0) {
      complaints.warn(
        'rejected_records',
        { records: report.rejectedRecords, why: report.rejectedReason },
        'records rejected',
      );
      return { rejectedLogRecords: report.rejectedRecords, errorMessage: report.rejectedReason };
    }
    if (report.profileReferences > 0) {
      const errorMessage = `${report.profileReferences} references to the string table of profiles were ignored`;
      complaints.warn('profile_references', {}, errorMessage);
      return { rejectedLogRecords: 0, errorMessage };
    }
    return SUCCESS;
  }
}

function decode(body: Uint8Array, encoding: Encoding, report: DecodeReport): LogBatch {
  if (encoding === 'protobuf') return decodeLogsRequest(body, { report });
  return decodeLogsRequestJson(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'), { report });
}

function hostsOf({ logs }: LogBatch): Set<string> {
  const hosts = new Set<string>();
  for (const { resource } of logs) {
    const host = resource.attributes.get('host.name');
    if (typeof host === 'string' && host !== '') hosts.add(cutText(host, MAX_HOST_LENGTH));
  }
  return hosts;
}
