/** How `<task-bell>` looks; the page changes it by `::part()`. */
export const STYLE = `
:host {
  display: inline-flex;
  flex-wrap: wrap;
  align-items: center;
  gap: .25rem .75rem;
}
:host([hidden]), [hidden] {
  display: none;
}
button {
  padding: .25rem .875rem;
  border: 1px solid color-mix(in srgb, currentcolor 25%, transparent);
  border-radius: .5rem;
  background: none;
  color: inherit;
  font: inherit;
  font-size: .9em;
  font-weight: 600;
}
button:hover {
  border-color: currentcolor;
}
button[disabled] {
  cursor: progress;
}
#note {
  font-size: .875em;
}
`;
