/** V8's CPU profiler, in the process that it samples: self time of every function, WebAssembly included. */
import { Session } from 'node:inspector';

interface ProfileNode {
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly hitCount?: number;
}

export interface SelfSamples {
  /** Samples by WebAssembly function name. */
  readonly wasm: ReadonlyMap<string, number>;
  /** Samples in JavaScript, which is the harness around the passes. */
  readonly script: number;
  /** Samples outside of both: V8's runtime, the kernel on the thread's behalf, the garbage collector. */
  readonly runtime: number;
}

/** Adds up a profile's nodes. Idle samples are dropped. */
export function foldNodes(nodes: readonly ProfileNode[]): SelfSamples {
  const wasm = new Map<string, number>();
  let script = 0;
  let runtime = 0;
  for (const { callFrame, hitCount = 0 } of nodes) {
    const name = callFrame.functionName;
    if (name === '(idle)' || hitCount === 0) continue;
    if (callFrame.url.startsWith('wasm://')) wasm.set(name, (wasm.get(name) ?? 0) + hitCount);
    else if (name === '(program)' || name === '(garbage collector)') runtime += hitCount;
    else script += hitCount;
  }
  return { wasm, script, runtime };
}

/** Runs `body` under the sampler. `intervalMicroseconds` is the wish; V8 may sample less often. */
export async function sampleSelf(
  intervalMicroseconds: number,
  body: () => Promise<void>,
): Promise<SelfSamples> {
  const session = new Session();
  session.connect();
  const post = (method: string, params: object = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      session.post(method, params, (error, result) => (error ? reject(error) : resolve(result)));
    });
  try {
    await post('Profiler.enable');
    await post('Profiler.setSamplingInterval', { interval: intervalMicroseconds });
    await post('Profiler.start');
    await body();
    const { profile } = (await post('Profiler.stop')) as { profile: { nodes: ProfileNode[] } };
    return foldNodes(profile.nodes);
  } finally {
    session.disconnect();
  }
}
