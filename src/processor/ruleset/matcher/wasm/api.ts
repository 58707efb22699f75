/** What is used of WebAssembly: the libraries of types have it among those of browsers. */
export interface WasmApi {
  readonly Memory: new (pages: {
    readonly initial: number;
    readonly maximum: number;
  }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (code: Uint8Array) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports: { readonly env: { readonly memory: object } },
  ) => { readonly exports: { readonly find?: unknown; readonly read?: unknown } };
}

export type WasmModule = object;

/** @throws where Node runs without it (`--jitless`) */
export function wasmApi(): WasmApi {
  const api: unknown = Reflect.get(globalThis, 'WebAssembly');
  if (!api) throw new Error('WebAssembly is not to be had');
  return api as WasmApi;
}
