/** Search, filter and keys of the page. It works on what is there: without a script the page shows everything. */
export const script = `
const form = document.querySelector("form");
const search = form.elements.namedItem("search");
const entries = [...document.querySelectorAll("details[data-kind]")].map((element) =>
  ({ element, kind: element.dataset.kind, text: element.textContent.toLowerCase() }));
const status = document.querySelector("output");
function filter() {
  const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
  const kinds = new Set([...form.querySelectorAll("input[type=checkbox]:checked")].map(({ value }) => value));
  let shown = 0;
  for (const { element, kind, text } of entries) {
    const fits = kinds.has(kind) && words.every((word) => text.includes(word));
    if (element.hidden === fits) element.hidden = !fits;
    if (fits) shown += 1;
  }
  status.textContent = shown === entries.length ? "" : shown + " of " + entries.length;
}
const openAll = (open) => { for (const { element } of entries) if (!element.hidden) element.open = open; };
form.hidden = false;
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.querySelector("button").addEventListener("click", () => openAll(entries.some(({ element }) => !element.hidden && !element.open)));
addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); }
  if (event.key === "Escape") { search.value = ""; filter(); search.blur(); }
});
function openTarget() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target) { target.open = true; target.scrollIntoView(); target.querySelector("summary").focus(); }
}
addEventListener("hashchange", openTarget);
addEventListener("beforeprint", () => openAll(true));
openTarget();
`;
