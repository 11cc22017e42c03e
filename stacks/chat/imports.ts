import { TerraformResource } from "cdktf";
import { type ImportedResource, importsFile } from "../../environments/imports.ts";
import type { ReadableStack } from "../addresses.ts";

/** Adds `import` blocks to the stack, and keeps the attributes whose change would replace an imported resource. */
export function addImports(
  stack: ReadableStack,
  environment: string,
  imports: readonly ImportedResource[],
): void {
  if (imports.length === 0) return;
  const resources = new Map(
    stack.node
      .findAll()
      .filter((construct) => TerraformResource.isTerraformResource(construct))
      .map((resource) => [`${resource.terraformResourceType}.${resource.friendlyUniqueId}`, resource]),
  );
  const unknown: string[] = [];
  for (const { to, keep } of imports) {
    const resource = resources.get(to.replace(/\[.+\]$/, ""));
    if (!resource) unknown.push(to);
    else if (keep?.length) {
      const ignored = resource.lifecycle?.ignoreChanges ?? [];
      if (ignored !== "all") resource.addOverride("lifecycle.ignore_changes", [...ignored, ...keep]);
    }
  }
  stack.addOverride(
    "import",
    imports.map(({ to, id }) => ({ to, id })),
  );
  stack.node.addValidation({
    validate: () =>
      unknown.map(
        (to) =>
          `${importsFile(environment)}: the stack has no ${to}: remove it, or run npm run ops -- adopt again`,
      ),
  });
}
