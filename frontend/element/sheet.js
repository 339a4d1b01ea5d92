/**
 * What the elements' styles have in common: neutrals with a trace of green, one accent, and red only for what failed.
 *
 * `light-dark()` follows the `color-scheme` of the page, so that no dark card stands on a light page. A constructed
 * sheet is no inline style, so no Content-Security-Policy minds it. Colours are for the page to set (`--task-…`), all else
 * by `::part()`.
 */
export const COMMON = `
:host {
  display: block;
  text-align: start;
}
:host([hidden]), [hidden] {
  display: none !important;
}
* {
  box-sizing: border-box;
  margin: 0;
}
[dir=auto] {
  text-align: -webkit-match-parent;
  text-align: match-parent;
}
#card {
  --accent: var(--task-accent, light-dark(#18795f, #52c9a6));
  --danger: var(--task-danger, light-dark(#b2352a, #ff8f7f));
  --ink: var(--task-ink, light-dark(#12201d, #e5edea));
  --card: var(--task-background, light-dark(#fff, #151d1b));
  --quiet: color-mix(in srgb, var(--ink) 66%, var(--card));
  --rule: color-mix(in srgb, var(--ink) 14%, var(--card));
  display: grid;
  gap: .5rem;
  padding: 1rem 1.25rem;
  border: 1px solid var(--rule);
  border-radius: .75rem;
  background: var(--card);
  color: var(--ink);
  font-size: .9375rem;
  line-height: 1.5;
  font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere;
}
[part~=card], [part~=row] {
  --tone: var(--accent);
}
:is([part~=card], [part~=row]):is(.waiting, .gone) {
  --tone: var(--quiet);
}
:is([part~=card], [part~=row]).failed {
  --tone: var(--danger);
}
[part~=state] {
  display: flex;
  align-items: center;
  gap: .5rem;
  padding: .125rem .625rem;
  border-radius: 1rem;
  background: color-mix(in srgb, var(--tone) 12%, var(--card));
  color: color-mix(in srgb, var(--tone) 75%, var(--ink));
  font-size: .8em;
  font-weight: 600;
}
[part~=state]::before {
  content: "";
  inline-size: .5rem;
  block-size: .5rem;
}
.running > * > [part~=state]::before {
  animation: pulse 1.6s infinite;
}
.failed > * > [part~=message] {
  color: var(--danger);
}
[part~=track] {
  block-size: .375rem;
  overflow: hidden;
  border-radius: 1rem;
  outline: 1px solid transparent;
  background: var(--rule);
}
[part~=bar], [part~=state]::before {
  border-radius: 1rem;
  background: var(--tone);
  forced-color-adjust: none;
}
[part~=bar] {
  inline-size: 0;
  block-size: 100%;
  transition: inline-size .35s ease-out;
}
.running > :not([aria-valuenow]) > [part~=bar] {
  inline-size: 30%;
  animation: sweep 1.6s infinite;
}
[part~=note] {
  color: var(--quiet);
  font-size: .875em;
}
[part~=status], .hidden {
  position: absolute;
  inline-size: 1px;
  block-size: 1px;
  overflow: hidden;
  clip-path: inset(50%);
}
@keyframes pulse {
  50% {
    opacity: .4;
  }
}
@keyframes sweep {
  from {
    margin-inline-start: -30%;
  }
  to {
    margin-inline-start: 100%;
  }
}
@media (prefers-reduced-motion) {
  *, ::before {
    animation: none !important;
    transition: none !important;
  }
}
`;

/** Sheets by their documents, then by what is in them. @type {WeakMap<Document, Map<string, CSSStyleSheet>>} */
const sheets = new WeakMap();

/**
 * @param {Document} document
 * @param {string} css
 * @returns {CSSStyleSheet} the one that all elements of the document share
 */
export function sheet(document, css) {
  const made = sheets.get(document) ?? new Map();
  sheets.set(document, made);
  if (!made.has(css)) {
    const fresh = new (document.defaultView ?? window).CSSStyleSheet();
    fresh.replaceSync(css);
    made.set(css, fresh);
  }
  return made.get(css);
}
