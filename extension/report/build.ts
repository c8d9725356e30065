/** Joins what is known (findings, profile, runs) into the one model that every exporter and the webview show. */
import type { BenchResult, CompareResult, Findings, Profile, ReportModel } from '../model.ts';
import { auditRows } from './audit.ts';
import { candidateTables } from './candidate-tables.ts';
import { hotFunctionRows } from './hot-functions.ts';
import type { LaboratoryPart } from './laboratory.ts';
import { leadSentence } from './lead.ts';

export interface ReportInput {
  readonly title: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly findings: Findings | null;
  readonly profile: Profile | null;
  readonly runs: readonly BenchResult[];
  /** Newest first. */
  readonly comparisons?: readonly CompareResult[];
  /** What the ledger holds; absent where there is none. */
  readonly laboratory?: LaboratoryPart;
}

/** Pure: the same input gives the same model. */
export function buildReport(input: ReportInput): ReportModel {
  const hotFunctions = hotFunctionRows(input.findings, input.profile);
  return {
    schemaVersion: 1,
    title: input.title,
    createdAt: input.createdAt,
    lead: leadSentence({ findings: input.findings, profile: input.profile, hotFunctions }),
    findings: input.findings,
    profile: input.profile,
    hotFunctions,
    audit: input.findings === null ? [] : auditRows(input.findings),
    runs: input.runs,
    ...(input.comparisons === undefined ? {} : { comparisons: input.comparisons }),
    ...input.laboratory,
    candidateTables: candidateTables(input.findings, input.laboratory?.experiments ?? []),
  };
}
