/** One row for each atomic variable: what it is, where its hottest site lies and what decided its class. */
import type {
  Activity,
  ActivityState,
  AtomicSite,
  AuditRow,
  Findings,
  Temperature,
  Variable,
} from '../model.ts';

const heat: Record<Temperature, number> = { hot: 0, warm: 1, cold: 2, unreached: 3 };
const activeness: Record<ActivityState, number> = { active: 0, conditional: 1, inactive: 2 };
const classes = { telemetry: 0, unknown: 1, correctness: 2 };

/** `owner.name` for a field, the bare name otherwise. */
export function variableName(variable: Variable): string {
  return variable.owner === null ? variable.name : `${variable.owner}.${variable.name}`;
}

function hottest(sites: readonly AtomicSite[]): Temperature {
  return sites.map((s) => s.temperature).sort((a, b) => heat[a] - heat[b])[0] ?? 'unreached';
}

function mostActive(sites: readonly AtomicSite[]): Activity {
  return (
    sites.map((s) => s.activity).sort((a, b) => activeness[a.state] - activeness[b.state])[0] ?? {
      state: 'inactive',
      decidedBy: null,
    }
  );
}

const switchedOff = (row: AuditRow): number => (row.activity.state === 'inactive' ? 1 : 0);

/**
 * Rows sorted by what runs at all, then temperature, activity, class and name. Variables without a site keep a row:
 * they are declared.
 */
export function auditRows(findings: Findings): AuditRow[] {
  const sitesOf = new Map<string, AtomicSite[]>();
  for (const site of findings.atomics) {
    if (site.variable === null) continue;
    const known = sitesOf.get(site.variable);
    if (known === undefined) sitesOf.set(site.variable, [site]);
    else known.push(site);
  }
  const rows = findings.variables.map((variable): AuditRow => {
    const sites = sitesOf.get(variable.id) ?? [];
    const decisive = variable.evidence[0];
    return {
      variable: variable.id,
      name: variableName(variable),
      class: variable.class,
      role: variable.role,
      temperature: hottest(sites),
      activity: mostActive(sites),
      sites: sites.length,
      evidence: decisive?.reason ?? 'no access was followed',
      source: { origin: 'project', file: variable.file, line: variable.line },
      decisive:
        decisive === undefined ? null : { origin: 'project', file: decisive.file, line: decisive.line },
    };
  });
  return rows.sort(
    (a, b) =>
      switchedOff(a) - switchedOff(b) ||
      heat[a.temperature] - heat[b.temperature] ||
      activeness[a.activity.state] - activeness[b.activity.state] ||
      classes[a.class] - classes[b.class] ||
      (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
}
