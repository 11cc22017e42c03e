/** A member of an interface, a class or an object type, with its documentation comment. */
export interface Member {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  readonly description: string;
  /** Text of `@default`. */
  readonly default: string | undefined;
  /** Members of an object type. */
  readonly members: readonly Member[];
}

/**
 * The public `readonly` members that a declaration holds, up to its constructor.
 * @param declaration beginning of the declaration, such as `export interface ChatSharedProps`
 * @returns `undefined` if the source has no such declaration
 */
export function membersOf(source: string, declaration: string): Member[] | undefined {
  const start = source.search(new RegExp(`^${declaration}\\b`, "m"));
  if (start < 0) return undefined;
  const open = source.indexOf("{", start);
  const body = source.slice(open + 1, closing(source, open));
  const end = body.search(/^ {2}constructor\(/m);
  return parseMembers(end < 0 ? body : body.slice(0, end));
}

const memberPattern = /(?:\/\*\*((?:(?!\*\/).)*)\*\/\s*)?(private )?readonly (\w+)(\??):\s*/gs;

function parseMembers(body: string): Member[] {
  const members: Member[] = [];
  const memberStart = new RegExp(memberPattern);
  for (let match = memberStart.exec(body); match; match = memberStart.exec(body)) {
    const [, comment = "", hidden, name = "", optional] = match;
    const after = memberStart.lastIndex;
    const end = endOfType(body, after);
    const type = body.slice(after, end).trim();
    const isObject = type.startsWith("{") && closing(type, 0) === type.length - 1;
    if (!hidden)
      members.push({
        name,
        type: oneLine(type),
        optional: optional === "?",
        ...documentation(comment),
        members: isObject ? parseMembers(type.slice(1, -1)) : [],
      });
    memberStart.lastIndex = end;
  }
  return members;
}

/** Description and default of a documentation comment's text. */
function documentation(comment: string): Pick<Member, "description" | "default"> {
  const text = comment.replaceAll(/^\s*\* ?/gm, "").replaceAll(/\{@link (\w+)\}/g, "`$1`");
  const [description = "", byDefault] = text.split("@default");
  return { description: oneLine(description), default: byDefault && oneLine(byDefault).replace(/^- /, "") };
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, " ").trim();

/** Index of the bracket that closes the one at `open`. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if ("{([".includes(text.charAt(i))) depth++;
    else if ("})]".includes(text.charAt(i)) && --depth === 0) return i;
  }
  throw new Error(`no bracket closes ${oneLine(text.slice(open, open + 40))}`);
}

/** Index of the `;` that ends the type at `start`, or the end of the text. */
function endOfType(text: string, start: number): number {
  let i = start;
  while (i < text.length && text.charAt(i) !== ";")
    i = "{([".includes(text.charAt(i)) ? closing(text, i) + 1 : i + 1;
  return i;
}
