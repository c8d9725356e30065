/** The first screen: what was found and what to do next, then the evidence in four small views. */
import { h } from '../ui/dom.ts';
import { plural } from '../ui/format.ts';
import { runsPlot } from '../ui/plot.ts';
import { auditTable } from './atomics.ts';
import { emptyState, goTo, section, type ViewContext } from './context.ts';
import { effectsOverview } from './experiments.ts';
import { envGates, gateTable } from './gates.ts';
import { hotFunctionTable, profileNote } from './hot-functions.ts';
import { plotNote } from './runs.ts';

const topFunctions = 10;
const topVariables = 12;
const topGates = 5;
const lastRuns = 5;
const lastExperiments = 6;

/** The lead; a candidate that it names becomes a link to the candidates. */
function lead(context: ViewContext): HTMLElement {
  const text = context.model.lead;
  const named = context.model.findings?.candidates.find((c) => c.title !== '' && text.includes(c.title));
  if (named === undefined) return h('p', { class: 'lead' }, text);
  const start = text.indexOf(named.title);
  return h(
    'p',
    { class: 'lead' },
    text.slice(0, start),
    goTo(context, 'candidates', named.title),
    text.slice(start + named.title.length),
  );
}

function more(
  context: ViewContext,
  shown: number,
  all: number,
  tab: string,
  what: string,
): HTMLElement | null {
  return all > shown
    ? h('p', { class: 'more' }, goTo(context, tab, `See ${all === 1 ? '' : 'all '}${plural(all, what)}`))
    : null;
}

function hotReads(n: number): string {
  return n === 0 ? 'none read on a hot path' : `${plural(n, 'read')} on a hot path`;
}

/** Only where there is a ledger: an empty section would push what is known down. */
function experimentsSection(context: ViewContext): HTMLElement | null {
  const all = context.model.experiments ?? [];
  if (all.length === 0) return null;
  return section(
    'Experiments',
    'effect on throughput, interval, each against its own threshold',
    effectsOverview(all.slice(-lastExperiments).toReversed(), 548),
    more(context, 0, all.length, 'experiments', 'experiment'),
  );
}

export function overviewView(context: ViewContext): HTMLElement {
  const { model } = context;
  const gates = envGates(context);
  const hasFindings = model.findings !== null;
  return h(
    'div',
    {},
    lead(context),
    h(
      'div',
      { class: 'grid' },
      section(
        'Hot functions',
        profileNote(context),
        model.hotFunctions.length === 0
          ? emptyState(context, 'No profile yet.', 'runBenchmark')
          : hotFunctionTable(context, topFunctions),
        more(context, topFunctions, model.hotFunctions.length, 'hot', 'function'),
      ),
      // Both are short: together they are about as tall as the ten functions.
      h(
        'div',
        {},
        experimentsSection(context),
        section(
          'Runs',
          model.runs.length === 0 ? '' : plotNote,
          model.runs.length === 0
            ? emptyState(context, 'No benchmark has run yet.', 'runBenchmark')
            : runsPlot(model.runs.slice(-lastRuns)),
          more(context, lastRuns, model.runs.length, 'runs', 'benchmark'),
        ),
        section(
          'Environment gates',
          hasFindings ? hotReads(gates.filter((g) => g.hot).length) : '',
          gates.length === 0
            ? emptyState(
                context,
                hasFindings ? 'No read of the environment was found.' : 'Nothing is analysed yet.',
                null,
              )
            : gateTable(context, 'overview-gates', 'env', gates.slice(0, topGates), true),
          more(context, topGates, gates.length, 'gates', 'environment gate'),
        ),
      ),
      h(
        'div',
        { class: 'wide' },
        section(
          'Atomics audit',
          hasFindings ? plural(model.audit.length, 'variable') : '',
          !hasFindings
            ? emptyState(context, 'Nothing is analysed yet.', 'analyze')
            : model.audit.length === 0
              ? emptyState(context, 'No atomic variable was found.', null)
              : auditTable(context, topVariables),
          more(context, 0, model.findings?.atomics.length ?? 0, 'atomics', 'site'),
        ),
      ),
    ),
  );
}
