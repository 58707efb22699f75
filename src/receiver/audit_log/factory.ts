import type { ReceiverFactory } from '../../component/factory.ts';
import { validateTailConfig } from '../../tail/config.ts';
import { auditLogSchema } from './config.ts';
import { createAuditLogReceiver } from './receiver.ts';

export const auditLogReceiverFactory: ReceiverFactory<typeof auditLogSchema> = {
  type: 'audit_log',
  stability: 'alpha',
  description: 'Reads Linux audit logs and joins the records of each event',
  schema: auditLogSchema,
  validate: validateTailConfig,
  create: createAuditLogReceiver,
};
