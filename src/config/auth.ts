import { z } from 'zod';

/** The Collector's `auth` block of a listener or a client. */
export const authSchema = z.strictObject({
  authenticator: z
    .string()
    .min(1)
    .describe('Id of an authentication extension, such as `bearertokenauth` or `basicauth/edge`'),
});

export type AuthConfig = z.output<typeof authSchema>;
