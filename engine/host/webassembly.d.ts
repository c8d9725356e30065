/** The part of the WebAssembly JavaScript interface that Node 20 has and `@types/node` does not declare. */
declare namespace WebAssembly {
  type ExportValue = ((...args: never[]) => unknown) | Global | Memory | object;
  type Exports = Record<string, ExportValue>;
  class Module {
    constructor(bytes: Uint8Array);
    static exports(module: Module): { name: string; kind: string }[];
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: SharedArrayBuffer;
  }
  class Global {
    value: unknown;
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Exports;
  }
  class RuntimeError extends Error {}
  function validate(bytes: Uint8Array): boolean;
}
