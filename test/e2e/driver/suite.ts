/** A session for a `describe` block: started before it, closed after it, its evidence kept when a test fails. */
import { afterAll, afterEach, beforeAll } from 'vitest';
import { Session } from './session.ts';

/** @param folder gives the workspace folder; called when the block starts */
export function sessionOn(name: string, folder: () => string): () => Session {
  let session: Session | null = null;
  beforeAll(async () => {
    session = await Session.start({ folder: folder() });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await session?.keepEvidence(`failed-${name}-${task.name}`);
  });
  afterAll(async () => {
    await session?.close();
  });
  return () => {
    if (session === null) throw new Error('the session did not start');
    return session;
  };
}
