import { COMMON } from "../sheet.js";

/** How `<task-feed>` looks. */
export const STYLE = `${COMMON}
#card {
  padding: 1rem 0 .25rem;
  gap: 0;
}
#header, #note, #empty, #track {
  margin-inline: 1.25rem;
}
#header {
  display: flex;
  flex-wrap: wrap;
  align-items: baseline;
  gap: 0 1rem;
  padding-block-end: .625rem;
}
#title, [part=name] {
  font-weight: 600;
}
#title {
  flex: 1 0 auto;
  max-inline-size: 100%;
  font-size: 1.0625em;
}
#summary {
  color: var(--quiet);
  font-size: .875em;
}
#track {
  margin-block-end: .75rem;
}
#empty {
  padding-block: 1.75rem 2rem;
  text-align: center;
  color: var(--quiet);
}
#note {
  padding-block: .5rem;
  border-block-start: 1px solid var(--rule);
}
ul {
  padding: 0;
  list-style: none;
}
::slotted([slot=actions]) {
  margin: .75rem 1.25rem;
}
ul:focus {
  outline: none;
}
[part=part] > [part=heading] {
  display: flex;
  flex-wrap: wrap;
  justify-content: space-between;
  gap: 0 1rem;
  padding: .625rem 1.25rem .375rem;
  border-block-start: 1px solid var(--rule);
}
[part=standing] {
  color: var(--quiet);
  font-size: .875em;
}
[part=part] > [part=track] {
  margin: 0 1.25rem .75rem;
}
[part=heading]:not([hidden]) ~ [part=members] > li {
  margin-inline-start: 2.25rem;
  padding-inline-start: 0;
}
[part~=row] {
  display: grid;
  gap: .375rem;
  padding: .625rem 1.25rem .75rem;
  border-block-start: 1px solid var(--rule);
}
[part=head], [part=body], [part=foot] {
  display: flex;
  align-items: baseline;
  gap: .125rem 1rem;
}
[part=foot] {
  flex-wrap: wrap;
  font-size: .875em;
}
[part=name], [part=message] {
  flex: 1;
  min-inline-size: 0;
}
[part=message] {
  display: -webkit-box;
  -webkit-box-orient: vertical;
  -webkit-line-clamp: 3;
  overflow: hidden;
}
[part=state] {
  flex: none;
  align-self: flex-start;
}
[part=at] {
  color: var(--quiet);
}
[part=foot] > [part=note] {
  flex: 1 1 6rem;
  font-size: 1em;
}
a {
  color: inherit;
  text-decoration: none;
}
a[href] {
  color: color-mix(in srgb, var(--accent) 85%, var(--ink));
}
a[href]:hover, [part=link] {
  text-decoration: underline;
  text-underline-offset: .15em;
}
[part=name][href] {
  color: var(--ink);
}
`;
