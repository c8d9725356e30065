/** What page/reader.ts hands back to the driver. */

export interface Lens {
  /** 1-based line that the lens stands over. */
  readonly line: number;
  /** One text per command of the lens. */
  readonly parts: readonly string[];
}

export interface LineMarks {
  readonly line: number;
  readonly text: string;
  /** Texts that decorations put before and after pieces of the line. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Background colours of decorations on or behind the line, as CSS prints them. */
  readonly backgrounds: readonly string[];
  /** Underlines and lower borders of decorated pieces, as CSS prints them, with the piece's text. */
  readonly styles: readonly { readonly text: string; readonly style: string }[];
}

/** Viewport pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A row of VS Code's quick input. */
export interface PickRow {
  readonly label: string;
  /** Label, description and detail. */
  readonly text: string;
  readonly index: number;
}
