/** The settings as typed values; whatever does not fit is replaced by its default and reported, never thrown. Pure. */

export interface Settings {
  readonly defines: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly entries: readonly string[];
  /** Path of a compilation database, '' to look for one, 'none' for none. */
  readonly compileCommands: string;
  readonly lensEnabled: boolean;
  readonly coldFunctions: boolean;
  readonly heatEnabled: boolean;
  readonly automatic: boolean;
  readonly onType: boolean;
  /** Fresh processes that one experiment may take at most. */
  readonly maxProcesses: number;
}

export interface ReadSettings {
  readonly settings: Settings;
  /** One line for each value that was not used. */
  readonly problems: readonly string[];
}

const defaultProcesses = 36;
/** Fewer have no interval worth the name. */
const leastProcesses = 6;
const mostProcesses = 500;

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** @param get the raw value below `allocLens.`, undefined when unset */
export function readSettings(get: (key: string) => unknown): ReadSettings {
  const problems: string[] = [];
  const bool = (key: string, fallback: boolean): boolean => {
    const value = get(key);
    if (typeof value === 'boolean') return value;
    if (value !== undefined) problems.push(`allocLens.${key} must be true or false; using ${fallback}.`);
    return fallback;
  };
  const text = (key: string): string => {
    const value = get(key);
    if (typeof value === 'string') return value.trim();
    if (value !== undefined && value !== null) problems.push(`allocLens.${key} must be a text; ignored.`);
    return '';
  };
  const whole = (key: string, fallback: number, low: number, high: number): number => {
    const value = get(key);
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
    if (value !== undefined && value !== null) {
      problems.push(`allocLens.${key} must be a whole number from ${low} to ${high}; using ${fallback}.`);
    }
    return fallback;
  };
  const names = (key: string): Record<string, string> => {
    const value = get(key);
    const out: Record<string, string> = {};
    if (value === undefined || value === null) return out;
    if (typeof value !== 'object' || Array.isArray(value)) {
      problems.push(`allocLens.${key} must be an object of names and values; ignored.`);
      return out;
    }
    for (const [name, raw] of Object.entries(value)) {
      const text =
        typeof raw === 'string'
          ? raw
          : typeof raw === 'number'
            ? String(raw)
            : typeof raw === 'boolean'
              ? raw
                ? '1'
                : '0'
              : null;
      if (!identifier.test(name)) problems.push(`allocLens.${key}: '${name}' is not an identifier; ignored.`);
      else if (text === null)
        problems.push(`allocLens.${key}.${name} must be a string or a number; ignored.`);
      else out[name] = text;
    }
    return out;
  };
  const list = (key: string): string[] => {
    const value = get(key);
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) {
      problems.push(`allocLens.${key} must be a list of function names; ignored.`);
      return [];
    }
    const raw: readonly unknown[] = value;
    return raw.filter((v): v is string => {
      const fits = typeof v === 'string' && v.trim() !== '';
      if (!fits) problems.push(`allocLens.${key}: ${JSON.stringify(v)} is not a function name; ignored.`);
      return fits;
    });
  };
  return {
    settings: {
      defines: names('defines'),
      env: names('env'),
      entries: list('entries'),
      compileCommands: text('compileCommands'),
      lensEnabled: bool('lens.enabled', true),
      coldFunctions: bool('lens.coldFunctions', false),
      heatEnabled: bool('heat.enabled', true),
      automatic: bool('analysis.automatic', true),
      onType: bool('analysis.onType', true),
      maxProcesses: whole('experiment.maxProcesses', defaultProcesses, leastProcesses, mostProcesses),
    },
    problems,
  };
}
