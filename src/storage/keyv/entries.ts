import type { Keyv } from 'keyv';

/** All entries of the namespace. Throws rather than ending with a part of them. */
export async function* entriesOf(keyv: Keyv): AsyncGenerator<[key: string, value: unknown]> {
  // Some adapters end their iteration early on an error and only emit it.
  let failure: unknown;
  const onError = (error: unknown) => {
    failure ??= error;
  };
  keyv.on('error', onError);
  try {
    if (!keyv.iterator) throw new Error('this Keyv cannot list its keys');
    yield* keyv.iterator(undefined) as AsyncGenerator<[string, unknown]>;
  } finally {
    keyv.off('error', onError);
  }
  if (failure !== undefined) throw failure;
}
