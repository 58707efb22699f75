/** Status codes of gRPC that requests are answered with, over HTTP too: the library that has them all is slow to load. */
export const GRPC_STATUS = {
  INVALID_ARGUMENT: 3,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;
