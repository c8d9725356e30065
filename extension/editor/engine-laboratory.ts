/** The laboratory on the built-in engine, with the workspace's ledger. */
import { UserError } from '../model.ts';
import type { Laboratory } from './laboratory.ts';

const missing = async (): Promise<never> => {
  throw new UserError('This build has no laboratory.', 3);
};

export function engineLaboratory(): Laboratory {
  return {
    looks: (most) => [most],
    replays: [],
    documents: [],
    experiment: missing,
    soak: missing,
    costs: missing,
    readLedger: async () => ({ records: [], problems: [] }),
    append: missing,
    cumulative: () => [],
    writeDocuments: missing,
  };
}
