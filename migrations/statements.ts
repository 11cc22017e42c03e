// A semicolon in a string, a quoted identifier, a dollar-quoted text or a comment ends no statement.
const tokens =
  /'(?:[^']|'')*'|"[^"]*"|\$(\w*)\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|;|[^'"$\-/;]+|[\s\S]/g;

/** Splits SQL into statements; a comment stays with the statement that follows it. */
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
