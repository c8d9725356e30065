/** Every id that package.json contributes, so that none appears as a loose string (a test holds the two together). */

export const commands = {
  runBenchmark: 'allocLens.runBenchmark',
  openReport: 'allocLens.openReport',
  analyzeWorkspace: 'allocLens.analyzeWorkspace',
  clearProfile: 'allocLens.clearProfile',
  openEngineSource: 'allocLens.openEngineSource',
  toggleHeat: 'allocLens.toggleHeat',
  nextHotLine: 'allocLens.nextHotLine',
  previousHotLine: 'allocLens.previousHotLine',
  showLog: 'allocLens.showLog',
  runExperiment: 'allocLens.runExperiment',
  compareAllocators: 'allocLens.compareAllocators',
  recordTrace: 'allocLens.recordTrace',
  runSoak: 'allocLens.runSoak',
  calibrateCosts: 'allocLens.calibrateCosts',
  calibrateNoise: 'allocLens.calibrateNoise',
  showExperiments: 'allocLens.showExperiments',
  writeDocuments: 'allocLens.writeDocuments',
  profileNative: 'allocLens.profileNative',
  openAssembly: 'allocLens.openAssembly',
  importProfile: 'allocLens.importProfile',
  importFile: 'allocLens.importFile',
  loadProfile: 'allocLens.loadProfile',
  nextProfile: 'allocLens.nextProfile',
  compareProfiles: 'allocLens.compareProfiles',
  stopComparing: 'allocLens.stopComparing',
  removeProfile: 'allocLens.removeProfile',
  exportProfile: 'allocLens.exportProfile',
  locateSources: 'allocLens.locateSources',
} as const;

/** Behind lenses, hovers and tree items; not in the palette, so not in package.json. */
export const internalCommands = {
  openLocation: 'allocLens.internal.openLocation',
  showRows: 'allocLens.internal.showRows',
  showRecord: 'allocLens.internal.showRecord',
  hottestLine: 'allocLens.internal.hottestLine',
} as const;

export const views = {
  findings: 'allocLens.findings',
  profiles: 'allocLens.profiles',
  experiments: 'allocLens.experiments',
} as const;

/** Context keys for `when` clauses. */
export const contexts = {
  /** `none | running | noCode | noAllocator | failed | ready` */
  state: 'allocLens.state',
  hasProfile: 'allocLens.hasProfile',
  heatShown: 'allocLens.heatShown',
  /** Two profiles are compared. */
  comparing: 'allocLens.comparing',
  /** How many profiles this window has. */
  profiles: 'allocLens.profileCount',
  /** A profile of a native program is loaded: its assembly can be opened. */
  native: 'allocLens.nativeProfile',
} as const;

/** Scheme of the engine's own sources, read-only. Not `file:`, so that no TypeScript service complains about AssemblyScript. */
export const engineScheme = 'alloc-lens-engine';

/** Scheme of disassembled functions, read-only. */
export const assemblyScheme = 'alloc-lens-asm';

/** The readonly editor of recordings. */
export const profileEditor = 'allocLens.profileFile';

export const colors = {
  telemetry: 'allocLens.atomic.telemetry',
  correctness: 'allocLens.atomic.correctness',
  unknown: 'allocLens.atomic.unknown',
  gate: 'allocLens.gate',
  counter: 'allocLens.counter',
  heatText: 'allocLens.heat.text',
  heatStrongText: 'allocLens.heat.strongText',
  heatBorder: 'allocLens.heat.border',
  heatBackground: (step: number): string => `allocLens.heat.background${step}`,
  heatRuler: (step: number): string => `allocLens.heat.ruler${step}`,
  coolerText: 'allocLens.heat.coolerText',
  coolerBorder: 'allocLens.heat.coolerBorder',
  coolerRuler: 'allocLens.heat.coolerRuler',
  /** Of lines that cost less than in the profile that is compared with, step 1 to 4; hotter ones take heat's own. */
  coolerBackground: (step: number): string => `allocLens.heat.cooler${step}`,
  verdictGo: 'allocLens.verdict.go',
  verdictNoGo: 'allocLens.verdict.noGo',
  verdictNeutral: 'allocLens.verdict.neutral',
  verdictNoOp: 'allocLens.verdict.noOp',
  verdictInconclusive: 'allocLens.verdict.inconclusive',
} as const;
