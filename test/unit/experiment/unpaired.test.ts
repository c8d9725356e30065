/** Golden values are scipy 1.17.1's: mannwhitneyu, and bootstrap with 99,999 resamples. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../extension/experiment/bootstrap.ts';
import { phase64Runs } from '../../../extension/experiment/replays-runtime.ts';
import {
  mannWhitney,
  ratioOfMeans,
  ratioOfMedians,
  unpaired,
} from '../../../extension/experiment/unpaired.ts';

const { baseline, treatment } = phase64Runs;

describe('Mann and Whitney', () => {
  it('exact', () => {
    expect(mannWhitney(treatment, baseline)).toBeCloseTo(0.00020567667626491154, 12);
    expect(mannWhitney([1, 2, 3, 4, 5, 6.5], [2.5, 3.5, 7, 8, 9])).toBeCloseTo(0.17748917748917747, 12);
  });

  it('with ties, and with more values than are counted out', () => {
    expect(mannWhitney([1, 2, 2, 3, 4, 4], [2, 3, 5, 5, 6])).toBeCloseTo(0.13770287768403508, 6);
    const low = Array.from({ length: 25 }, (_, i) => i);
    expect(
      mannWhitney(
        low,
        low.map((v) => v + 4.5),
      ),
    ).toBeCloseTo(0.0478057953309806, 6);
  });

  it('is the same for swapped samples, and 1 for identical ones', () => {
    expect(mannWhitney(baseline, treatment)).toBeCloseTo(mannWhitney(treatment, baseline), 12);
    expect(mannWhitney([3, 3, 3], [3, 3, 3])).toBe(1);
  });
});

describe('bootstrap', () => {
  const near = (actual: number, expected: number, tolerance: number): void => {
    expect(Math.abs(actual - expected)).toBeLessThan(tolerance);
  };

  it('ratio of means, BCa, as scipy within the resampling error', () => {
    const { percent, interval } = ratioOfMeans(baseline, treatment);
    near(percent, -4.054, 0.001);
    near(interval[0], -5.353, 0.06);
    near(interval[1], -2.625, 0.06);
  });

  it('BCa corrects for skew where the percentile does not', () => {
    const a = [1, 1.1, 1.2, 1.3, 1.5, 1.9, 2.8, 5];
    const b = [1.2, 1.25, 1.4, 1.6, 1.8, 2.6, 4.4, 9];
    const { percent, interval } = ratioOfMeans(a, b);
    near(percent, 47.1519, 0.001);
    near(interval[0], -26.8, 1.5);
    near(interval[1], 219.7, 8);
  });

  it('ratio of medians, percentile', () => {
    const { percent, interval } = ratioOfMedians(baseline, treatment);
    near(percent, -4.149, 0.001);
    near(interval[0], -5.99, 0.15);
    near(interval[1], -2.44, 0.15);
  });

  it('is the same every time, and does not depend on the unit', () => {
    expect(ratioOfMedians(baseline, treatment)).toEqual(ratioOfMedians(baseline, treatment));
    const scaled = ratioOfMeans(
      baseline.map((v) => v / 1e6),
      treatment.map((v) => v / 1e6),
    );
    const plain = ratioOfMeans(baseline, treatment);
    near(scaled.interval[0], plain.interval[0], 1e-9);
    near(scaled.interval[1], plain.interval[1], 1e-9);
  });

  it('takes long lists', () => {
    const long = Array.from({ length: 20_000 }, (_, i) => 1000 + ((i * 7919) % 100));
    const { interval } = ratioOfMedians(long, long);
    expect(interval[0]).toBeLessThanOrEqual(0);
    expect(interval[1]).toBeGreaterThanOrEqual(0);
  });
});

describe('verdicts', () => {
  it('Phase 64 is NO-GO at 2% without pairing as well', () => {
    expect(unpaired(baseline, treatment, 2)).toMatchObject({ verdict: 'NO-GO' });
    expect(unpaired(treatment, baseline, 2)?.verdict).toBe('GO');
  });

  it('identical runs without spread are NEUTRAL', () => {
    const same = [100, 100, 100, 100, 100, 100];
    expect(unpaired(same, same, 0.5)?.verdict).toBe('NEUTRAL');
  });

  it('noise around a threshold is INCONCLUSIVE, and few runs are', () => {
    expect(unpaired(baseline, treatment, 4)?.verdict).toBe('INCONCLUSIVE');
    expect(unpaired([100, 101, 99], [150, 151, 152], 0.5)).toMatchObject({
      verdict: 'INCONCLUSIVE',
      reason: '3 runs of a side are too few for a 95% interval: list at least 6',
    });
    expect(unpaired([100], [150], 0.5)).toBeNull();
  });

  it('one wild run does not decide: medians and means then disagree', () => {
    const wild = [100, 100.1, 99.9, 100, 100.05, 99.95, 100, 300];
    const calm = [100, 100.1, 99.9, 100, 100.05, 99.95, 100.02, 99.98];
    const result = unpaired(calm, wild, 0.5);
    expect(result?.verdict).toBe('INCONCLUSIVE');
    expect(result?.reason).toContain('estimator-dependent');
  });

  it('the intervals cover the truth in about 95 of 100 simulations', () => {
    const random = seededRandom(12345);
    const uniform = (): number => random() + 2 ** -33;
    const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    const side = (centre: number): number[] =>
      Array.from({ length: 12 }, () => centre * (1 + 0.01 * normal()));
    let means = 0;
    let medians = 0;
    const rounds = 60;
    for (let i = 0; i < rounds; i++) {
      const [a, b] = [side(100), side(102)];
      const covers = ({ interval: [low, high] }: { interval: readonly [number, number] }): number =>
        low <= 2 && 2 <= high ? 1 : 0;
      means += covers(ratioOfMeans(a, b));
      medians += covers(ratioOfMedians(a, b));
    }
    expect(means / rounds).toBeGreaterThan(0.85);
    expect(medians / rounds).toBeGreaterThan(0.85);
  });
});
