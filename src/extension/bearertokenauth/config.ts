import { z } from 'zod';
import { hostNames } from '../../config/host-names.ts';

const token = z
  .string()
  .min(1)
  .regex(/^[\x21-\x7e]+$/, 'must be one word of printable ASCII');

export const bearerTokenAuthSchema = z
  .strictObject({
    header: z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is no name of a header')
      .default('Authorization')
      .describe('Header that carries the token'),
    scheme: z
      .string()
      .regex(/^[\x21-\x7e]*$/)
      .default('Bearer')
      .describe('Word before the token; empty for none'),
    token: token.optional().describe('The token'),
    tokens: z
      .array(z.union([token, z.strictObject({ token: token.describe('The token'), hosts: hostNames().optional() })]))
      .min(1)
      .optional()
      .describe('Tokens that are accepted, or `{token, hosts}` of those bound to hosts; clients send the first'),
    filename: z
      .string()
      .min(1)
      .optional()
      .describe(
        'File with a token a line, or a token, a blank and its hosts with commas; read again when it changes; clients send the first',
      ),
  })
  .refine(
    ({ token, tokens, filename }) => [token, tokens, filename].filter((value) => value !== undefined).length === 1,
    'needs exactly one of `token`, `tokens` and `filename`',
  );

export type BearerTokenAuthConfig = z.output<typeof bearerTokenAuthSchema>;
