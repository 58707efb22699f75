import { z } from 'zod';
import { hostNames } from '../../config/host-names.ts';
import { parseHtpasswd } from './htpasswd.ts';

export const basicAuthSchema = z
  .strictObject({
    htpasswd: z
      .strictObject({
        file: z.string().min(1).optional().describe('File of `user:hash` lines, read again when it changes'),
        inline: z.string().optional().describe('The same as text; a user found here wins over the file'),
      })
      .refine(({ file, inline }) => file !== undefined || inline !== undefined, 'needs `file` or `inline`')
      .optional()
      .describe('Users that a listener lets in'),
    hosts: z
      .record(z.string().min(1), hostNames())
      .default({})
      .describe('By user: values of `host.name` that it may send events of; users that are not named here: any'),
    client_auth: z
      .strictObject({
        username: z.string().min(1).optional().describe('User name'),
        username_file: z.string().min(1).optional().describe('File with the user name, read again when it changes'),
        password: z.string().optional().describe('Password'),
        password_file: z.string().min(1).optional().describe('File with the password, read again when it changes'),
      })
      .refine(
        (auth) => (auth.username === undefined) !== (auth.username_file === undefined),
        'needs `username` or `username_file`',
      )
      .refine(
        (auth) => (auth.password === undefined) !== (auth.password_file === undefined),
        'needs `password` or `password_file`',
      )
      .refine((auth) => !auth.username?.includes(':'), 'a user name cannot hold a colon')
      .optional()
      .describe('What a client sends'),
  })
  .refine(
    ({ htpasswd, client_auth }) => (htpasswd === undefined) !== (client_auth === undefined),
    'needs either `htpasswd` or `client_auth`',
  );

/** What the schema cannot say: lines of the configuration itself; those of a file are looked at when it is started. */
export function validateBasicAuth({ htpasswd }: BasicAuthConfig): string[] {
  try {
    parseHtpasswd(htpasswd?.inline ?? '');
    return [];
  } catch (error) {
    return [`htpasswd.inline: ${(error as Error).message}`];
  }
}

export type BasicAuthConfig = z.output<typeof basicAuthSchema>;
