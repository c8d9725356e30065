/** The decorations that line heat is made of: one type a step, shared out to every overlay that paints shares. */
import * as vscode from 'vscode';
import { changeBar, changeSteps, gutterBar, heatSteps } from './heat-scale.ts';
import { colors } from './ids.ts';

/** The gutter's images are outside the theme's reach; one colour for dark grounds, one for light. */
const barColors = { dark: '#f0a44b', light: '#b35900' };
const coolerBarColors = { dark: '#6cb6ff', light: '#0b5394' };

interface StepColors {
  readonly background: string;
  readonly border: string;
  readonly ruler: string;
  readonly bar: (side: 'dark' | 'light') => string;
}

function stepType({ background, border, ruler, bar }: StepColors): vscode.TextEditorDecorationType {
  const icon = (side: 'dark' | 'light'): vscode.Uri => vscode.Uri.parse(bar(side));
  return vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor(background),
    borderColor: new vscode.ThemeColor(border),
    borderStyle: 'solid',
    borderWidth: '0 0 1px 0',
    overviewRulerColor: new vscode.ThemeColor(ruler),
    overviewRulerLane: vscode.OverviewRulerLane.Right,
    dark: { gutterIconPath: icon('dark') },
    light: { gutterIconPath: icon('light') },
    gutterIconSize: 'contain',
  });
}

/** Step 1 to 8 of a share, coolest first. */
export function heatTypes(): vscode.TextEditorDecorationType[] {
  return Array.from({ length: heatSteps }, (_, i) =>
    stepType({
      background: colors.heatBackground(i + 1),
      border: colors.heatBorder,
      ruler: colors.heatRuler(i + 1),
      bar: (side) => gutterBar(i + 1, barColors[side]),
    }),
  );
}

/** Steps -4 to -1 and 1 to 4 of a difference. Blue and orange: told apart by every kind of colour vision. */
export function changeTypes(): ReadonlyMap<number, vscode.TextEditorDecorationType> {
  const types = new Map<number, vscode.TextEditorDecorationType>();
  for (let size = 1; size <= changeSteps; size++) {
    // Hotter lines wear heat's own colours, every second step of them.
    const step = (size * heatSteps) / changeSteps;
    types.set(
      size,
      stepType({
        background: colors.heatBackground(step),
        border: colors.heatBorder,
        ruler: colors.heatRuler(heatSteps),
        bar: (side) => changeBar(size, barColors[side]),
      }),
    );
    types.set(
      -size,
      stepType({
        background: colors.coolerBackground(size),
        border: colors.coolerBorder,
        ruler: colors.coolerRuler,
        bar: (side) => changeBar(-size, coolerBarColors[side]),
      }),
    );
  }
  return types;
}
