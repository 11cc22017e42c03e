import { capacitySections, type Section } from "./capacity-tables.ts";
import { checksOf, costsOf } from "./costs.ts";
import { escapeHtml } from "./format.ts";
import type { Results } from "./results.ts";

/** What each side would need for more people. */
export function capacitySection({ runs }: Results): string {
  const [A, B] = [costsOf(runs, "A"), costsOf(runs, "B")];
  const body =
    A && B
      ? capacitySections({ A, B }, [...checksOf(runs, "A"), ...checksOf(runs, "B")])
          .map(html)
          .join("")
      : "<p>It follows from what waiting apps and sign-ins cost, which is only measured on one machine.</p>";
  return `<section id="capacity"><h2>Growth, on paper</h2>
<p>Computed from the costs of single operations, not measured: nobody ran these sizes.</p>${body}</section>`;
}

/** Text in backticks is code. */
const inline = (text: string) => escapeHtml(text).replaceAll(/`([^`]*)`/g, "<code>$1</code>");

function html({ heading, text, head, rows }: Section): string {
  const isNumber = (cell: string) => /^[$<]?[\d.,−-]/.test(cell);
  const cells = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 0
          ? `<th scope="row">${inline(cell)}</th>`
          : `<td${isNumber(cell) ? ' class="number"' : ""}>${inline(cell)}</td>`,
      )
      .join("");
  return `<h3>${escapeHtml(heading)}</h3><p>${inline(text)}</p>
<div class="scroll"><table class="capacity"><thead><tr>${head.map((cell) => `<th scope="col">${inline(cell)}</th>`).join("")}</tr></thead><tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join("")}</tbody></table></div>`;
}
