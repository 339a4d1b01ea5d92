/**
 * How the element looks: neutrals with a trace of green, one accent, and red only for what failed.
 *
 * `light-dark()` follows the `color-scheme` of the page, so that no dark card stands on a light page. A constructed
 * sheet is no inline style, so no Content-Security-Policy minds it. Colours are for the page to set (`--task-…`), all else
 * by `::part()`. The rows keep their height, so that what comes later moves nothing.
 */
const CSS = `
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
#card {
  --accent: var(--task-accent, light-dark(#18795f, #52c9a6));
  --danger: var(--task-danger, light-dark(#b2352a, #ff8f7f));
  --ink: var(--task-ink, light-dark(#12201d, #e5edea));
  --card: var(--task-background, light-dark(#fff, #151d1b));
  --quiet: color-mix(in srgb, var(--ink) 66%, var(--card));
  --rule: color-mix(in srgb, var(--ink) 14%, var(--card));
  --tone: var(--accent);
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
#card:is(.waiting, .gone) {
  --tone: var(--quiet);
}
#card.failed {
  --tone: var(--danger);
}
#header, #body, #footer, #state {
  display: flex;
  align-items: center;
  gap: .25rem 1rem;
}
#title, #message, #note {
  flex: 1;
  min-inline-size: 0;
}
#state {
  gap: .5rem;
  padding: .125rem .625rem;
  border-radius: 1rem;
  background: color-mix(in srgb, var(--tone) 12%, var(--card));
  color: color-mix(in srgb, var(--tone) 75%, var(--ink));
  font-size: .8em;
}
#title, #state, #link, #cancel {
  font-weight: 600;
}
#state::before {
  content: "";
  inline-size: .5rem;
  block-size: .5rem;
}
.running #state::before {
  animation: pulse 1.6s infinite;
}
.failed #message {
  color: var(--danger);
}
#figure {
  font-size: 1.25em;
  font-weight: 350;
}
#track {
  block-size: .375rem;
  overflow: hidden;
  border-radius: 1rem;
  outline: 1px solid transparent;
  background: var(--rule);
}
#bar, #state::before {
  border-radius: 1rem;
  background: var(--tone);
  forced-color-adjust: none;
}
#bar {
  inline-size: 0;
  block-size: 100%;
  transition: inline-size .35s ease-out;
}
.running :not([aria-valuenow]) > #bar {
  inline-size: 30%;
  animation: sweep 1.6s infinite;
}
#body, #footer {
  min-block-size: 2rem;
}
#footer {
  flex-wrap: wrap;
}
#note, #facts, #summary {
  color: var(--quiet);
  font-size: .875em;
}
#note {
  flex-basis: 8rem;
}
#link, #cancel {
  padding: .25rem .875rem;
  border: 1px solid var(--rule);
  border-radius: .5rem;
  background: none;
  color: inherit;
  font-family: inherit;
  font-size: .9em;
  text-decoration: none;
}
#link {
  background: var(--accent);
  color: var(--task-on-accent, light-dark(#fff, #05231a));
}
#link:hover, #cancel:hover {
  border-color: var(--ink);
}
#facts {
  display: grid;
  grid-template-columns: auto 1fr;
  gap: 0 1rem;
}
dd {
  color: var(--ink);
}
#status {
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

/** @type {WeakMap<Document, CSSStyleSheet>} */
const sheets = new WeakMap();

/**
 * @param {Document} document
 * @returns {CSSStyleSheet} the one that all elements of the document share
 */
export function sheet(document) {
  const made = sheets.get(document) ?? new (document.defaultView ?? window).CSSStyleSheet();
  if (!sheets.has(document)) made.replaceSync(CSS);
  sheets.set(document, made);
  return made;
}
