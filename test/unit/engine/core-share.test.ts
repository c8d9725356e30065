import { describe, expect, it } from 'vitest';
import { CoreShare } from '../../../engine/host/core-share.ts';

function spin(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

describe('the share of the time without a core', () => {
  it('is unknown before anything was measured', () => {
    expect(new CoreShare(1).disturbed()).toBeNull();
    const share = new CoreShare(1);
    share.stop();
    expect(share.disturbed()).toBeNull();
  });

  it('is a share, and of one thread large where the processor did nothing', async () => {
    const busy = new CoreShare(1);
    busy.start();
    spin(50);
    busy.stop();
    expect(busy.disturbed()).toBeGreaterThanOrEqual(0);
    expect(busy.disturbed()).toBeLessThanOrEqual(1);
    const idle = new CoreShare(1);
    idle.start();
    await new Promise((resolve) => setTimeout(resolve, 200));
    idle.stop();
    expect(idle.disturbed()).toBeGreaterThan(0.5);
  });

  it('leaves out what lies between two stretches', async () => {
    const share = new CoreShare(1);
    share.start();
    spin(100);
    share.stop();
    const before = share.disturbed();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(share.disturbed()).toBe(before);
  });
});
