/** Joins what is known (findings, profile, runs) into the one model that every exporter and the webview show. */
import type { BenchResult, CompareResult, Findings, Profile, ReportModel } from '../model.ts';
import { gateFunctions, gatePresence } from '../experiment/tables/top-rule.ts';
import type { TopRule } from '../model-experiment.ts';
import { symbolScope } from '../profile/annotate.ts';
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

/** Phase 42's rule for the gates of the sources; undefined where the profile may say nothing about them. */
function gateRule(findings: Findings | null, profile: Profile | null): TopRule | undefined {
  if (findings === null || profile === null || profile.functions.length === 0) return undefined;
  const gates = gateFunctions(findings);
  if (gates.length === 0) return undefined;
  const foreign = profile.target.kind === 'engine' && symbolScope(findings.functions, profile) === null;
  return foreign ? undefined : gatePresence(gates, null, profile.functions);
}

/** Pure: the same input gives the same model. */
export function buildReport(input: ReportInput): ReportModel {
  const hotFunctions = hotFunctionRows(input.findings, input.profile);
  const rule = gateRule(input.findings, input.profile);
  return {
    schemaVersion: 1,
    title: input.title,
    createdAt: input.createdAt,
    lead: leadSentence({ findings: input.findings, profile: input.profile, hotFunctions }),
    findings: input.findings,
    profile: input.profile,
    hotFunctions,
    audit: input.findings === null ? [] : auditRows(input.findings),
    ...(rule === undefined ? {} : { gateRule: rule }),
    runs: input.runs,
    ...(input.comparisons === undefined ? {} : { comparisons: input.comparisons }),
    ...input.laboratory,
    candidateTables: candidateTables(input.findings, input.laboratory?.experiments ?? []),
  };
}
