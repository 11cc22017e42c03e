const BEGIN = "<!-- Written by npm run docs -->";
const END = "<!-- End of what npm run docs writes -->";

/**
 * A page whose generated part is `text`.
 * @throws Error that names `file` if it lacks the lines that mark the part
 */
export function between(page: string, text: string, file: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin)
    throw new Error(`${file} must hold the lines ${BEGIN} and ${END}, in this order`);
  return `${page.slice(0, begin)}${[BEGIN, text, END].join("\n\n")}${page.slice(end + END.length)}`;
}
