/** A session for a `describe` block: started before it, closed after it, its evidence kept when a test fails. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { artifacts, Session, type SessionOptions } from './session.ts';

/**
 * @param folder gives the workspace folder; called when the block starts
 * @param options gives what else the session is to have; called then, too
 */
export function sessionOn(
  name: string,
  folder: () => string,
  options: () => Omit<SessionOptions, 'folder'> = () => ({}),
): () => Session {
  let session: Session | null = null;
  const evidence = `failed-${name}-`;
  beforeAll(async () => {
    // What an earlier run left would be taken for this one's.
    for (const file of existsSync(artifacts) ? readdirSync(artifacts) : []) {
      if (file.startsWith(evidence)) rmSync(path.join(artifacts, file));
    }
    session = await Session.start({ ...options(), folder: folder() });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await session?.keepEvidence(`${evidence}${task.name}`);
  });
  afterAll(async () => {
    await session?.close();
  });
  return () => {
    if (session === null) throw new Error('the session did not start');
    return session;
  };
}
