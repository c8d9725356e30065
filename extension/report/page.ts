/**
 * The report's HTML page: one shell for the editor's webview and for the exported file, so that both run under the
 * same strict content security policy.
 */
import type { ReportModel } from '../model.ts';

/** Text for an HTML text node or a double-quoted attribute. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/**
 * JSON that may stand inside `<script type="application/json">`: `<` never appears literally, so neither
 * `</script>` nor `<!--` in a symbol's name can end or alter the element. `JSON.parse` gives the same value back.
 */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

export interface PageParts {
  readonly title: string;
  /** 128 random bits or more, fresh for each page. */
  readonly nonce: string;
  /** What `style-src` and `script-src` allow beside the nonce (the webview's `cspSource`); empty for a file. */
  readonly source: string;
  readonly script: { readonly uri: string } | { readonly text: string };
  readonly style: { readonly uri: string } | { readonly text: string };
  /** Embedded for the exported file; null where the host sends it by message. */
  readonly model: ReportModel | null;
}

/**
 * The policy: nothing by default, scripts by nonce only, styles by nonce and from the extension's own folder. The
 * toolkit appends one probing `<style>` at load and takes its nonce from `<meta property="csp-nonce">`.
 */
export function contentSecurityPolicy(nonce: string, source: string): string {
  const own = source === '' ? '' : `${source} `;
  return `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${own}'nonce-${nonce}'; base-uri 'none'; form-action 'none'`;
}

/** The whole page. An inline script's `</script` is split, which is safe in the strings and comments it can occur in. */
export function renderPage(parts: PageParts): string {
  const nonce = escapeHtml(parts.nonce);
  const style =
    'uri' in parts.style
      ? `<link rel="stylesheet" nonce="${nonce}" href="${escapeHtml(parts.style.uri)}">`
      : `<style nonce="${nonce}">\n${parts.style.text.replaceAll('</style', '<\\/style')}\n</style>`;
  const script =
    'uri' in parts.script
      ? `<script nonce="${nonce}" src="${escapeHtml(parts.script.uri)}"></script>`
      : `<script nonce="${nonce}">\n${parts.script.text.replace(/<(\/script|!--)/gi, '<\\$1')}\n</script>`;
  const data =
    parts.model === null
      ? ''
      : `<script type="application/json" id="report-model" nonce="${nonce}">${jsonForScript(parts.model)}</script>\n`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(contentSecurityPolicy(parts.nonce, parts.source))}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(parts.title)}</title>
${style}
</head>
<body>
<div id="report"></div>
<noscript>This report needs JavaScript to show its tables.</noscript>
${data}${script}
</body>
</html>
`;
}
