// A semicolon inside one of these does not end a statement: '…', "…", $tag$…$tag$ and both comments.
const tokens =
  /'(?:[^']|'')*'|"[^"]*"|\$(\w*)\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|;|[^'"$\-/;]+|[\s\S]/g;

/** Splits SQL at the semicolons that end its statements; comments stay with the statement they precede. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let current = "";
  let hasCode = false;
  const finish = () => {
    if (hasCode) statements.push(current.trim());
    current = "";
    hasCode = false;
  };
  for (const [token] of sql.matchAll(tokens)) {
    if (token === ";") {
      finish();
      continue;
    }
    current += token;
    hasCode ||= !(token.startsWith("--") || token.startsWith("/*") || token.trim() === "");
  }
  finish();
  return statements;
}
