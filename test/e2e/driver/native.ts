/** Profiling the sample's own library and looking at what came of it, as a user does. */
import { percentage, speed } from './alloc-lens.ts';
import type { Session } from './session.ts';
import { eventually } from './wait.ts';
import type { Workbench } from './workbench.ts';

/** A build, the timed passes, then the recorded ones; under callgrind each instruction is simulated. */
const profileMs = 600_000;

/** Notifications seen while waiting: the last word of something that failed is among them. */
export async function watched<T>(session: Session, what: string, probe: () => Promise<T | null>): Promise<T> {
  const seen = new Set<string>();
  try {
    return await eventually(
      what,
      async () => {
        for (const text of await session.workbench.notifications()) seen.add(text);
        return probe();
      },
      profileMs,
    );
  } catch (error) {
    const log = session
      .logs(/alloc.?lens.*\.log$/i)
      .split('\n')
      .slice(-15)
      .join('\n');
    throw new Error(`${(error as Error).message}\nnotifications: ${[...seen].join(' | ')}\nlog:\n${log}`);
  }
}

/** Runs the command over the preferred target and gives the message that ends it. */
export async function profileSample(session: Session): Promise<string> {
  const { workbench } = session;
  await workbench.command('Alloc Lens: Profile Native Target…');
  const [offered = ''] = await workbench.pickRows();
  if (!/^\S*hakmem\b.*this workspace/.test(offered)) {
    throw new Error(`the sample's own library is not offered first, but: ${offered}`);
  }
  await workbench.pick(null);
  await workbench.pick('random_mixed: mixed');
  // Programs of the workspace run for the first time: the exact commands are shown and have to be allowed.
  const asked = await workbench.pressInDialog('Run', 60_000);
  if (asked === null || !/make/.test(asked)) throw new Error(`nobody asked before make was run: ${asked}`);
  await watched(session, 'the result of the profile', async () => {
    const ready = (await workbench.statusBar()).find((t) => /random_mixed/.test(t) && speed.test(t));
    return ready ?? null;
  });
  return workbench.notificationMatching(/random_mixed · .*ops\/s/);
}

/** Goes to the hottest line through the message's button and gives it with its percentage. */
export async function hottestLine(
  workbench: Workbench,
): Promise<{ line: number; text: string; percent: number }> {
  await workbench.pressInNotification('Go to Hottest Line');
  return eventually('the cursor on a line with a percentage', async () => {
    const at = (await workbench.statusBar())
      .map((t) => /^Ln (\d+),/.exec(t)?.[1])
      .find((n) => n !== undefined);
    const mark = (await workbench.marks()).find((m) => m.line === Number(at));
    const percent = Number.parseFloat(mark?.before.find((b) => percentage.test(b)) ?? '');
    return mark !== undefined && percent > 0 && mark.backgrounds.length > 0
      ? { line: mark.line, text: mark.text, percent }
      : null;
  });
}

/** The hover of a line: a word of it is pointed at until its hover has come. */
export async function hoverOn(workbench: Workbench, line: number, text: string): Promise<string> {
  const words = [...text.matchAll(/[A-Za-z_]\w{2,}/g)].map((m) => m[0]);
  return eventually('a hover with the share of the line', async () => {
    for (const word of words) {
      const said = await workbench.hover(word, line);
      if (/of the run on this line/.test(said)) return said;
    }
    return null;
  });
}
