/** The report as one HTML file that opens offline: script, style and data inline, under the webview's own policy. */
import { createHash } from 'node:crypto';
import type { ReportModel } from '../model.ts';
import { jsonForScript, renderPage } from './page.ts';

export interface HtmlAssets {
  /** Text of `dist/webview.js`. */
  readonly script: string;
  /** Text of `dist/webview.css`. */
  readonly style: string;
}

/**
 * A self-contained page. The nonce is derived from the content, so that the same report gives the same bytes; in a
 * file it only has to be something that injected markup cannot know before the content is fixed.
 */
export function renderHtml(model: ReportModel, assets: HtmlAssets): string {
  const nonce = createHash('sha256')
    .update(assets.script)
    .update(jsonForScript(model))
    .digest('base64url')
    .slice(0, 32);
  return renderPage({
    title: `${model.title} · Alloc Lens`,
    nonce,
    source: '',
    script: { text: assets.script },
    style: { text: assets.style },
    model,
  });
}
