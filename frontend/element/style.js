import { COMMON } from "./sheet.js";

/** How `<task-progress>` looks. The rows keep their height, so that what comes later moves nothing. */
export const STYLE = `${COMMON}
#header, #body, #footer {
  display: flex;
  align-items: center;
  gap: .25rem 1rem;
}
#title, #message, #note {
  flex: 1;
  min-inline-size: 0;
}
#title, #link, #cancel {
  font-weight: 600;
}
#figure {
  font-size: 1.25em;
  font-weight: 350;
}
#body, #footer {
  min-block-size: 2rem;
}
#footer {
  flex-wrap: wrap;
}
ol {
  max-block-size: 14rem;
  overflow-y: auto;
  padding: .25rem 0;
  list-style: none;
  font-size: .9em;
}
li {
  display: flex;
  gap: .625rem;
  color: var(--quiet);
}
li[aria-current] {
  color: var(--ink);
}
[part=mark] {
  inline-size: 1em;
  text-align: center;
  color: var(--accent);
}
[part~=failed] > [part=mark] {
  color: var(--danger);
}
[part=step-name] {
  flex: 1;
  min-inline-size: 0;
}
#output {
  max-block-size: 20rem;
  overflow-y: auto;
  padding: .75rem 1rem;
  border-radius: .5rem;
  background: color-mix(in srgb, var(--ink) 5%, var(--card));
  font: .875em/1.6 ui-monospace, monospace;
  white-space: pre-wrap;
  unicode-bidi: plaintext;
}
#omitted, #facts, #summary {
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
`;
