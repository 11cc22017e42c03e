/** The texts of a row's cells, by its heading, in the first table of a class that has such a row. */
export function cellsOf(html: string, table: string, heading: string): string[] {
  for (const [body] of html.matchAll(new RegExp(`<table class="${table}">.*?</table>`, "gs")))
    for (const [row] of body.matchAll(/<tr[^>]*>.*?<\/tr>/gs)) {
      const [, head = ""] = /<th scope="row">(.*?)<\/th>/s.exec(row) ?? [];
      if (textOf(head).startsWith(heading))
        return [...row.matchAll(/<td[^>]*>(.*?)<\/td>/gs)].map(([, cell = ""]) => textOf(cell));
    }
  throw new Error(`no table ${table} has a row ${JSON.stringify(heading)}`);
}

const textOf = (html: string) =>
  html
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replaceAll(/\s+/g, " ")
    .trim();
