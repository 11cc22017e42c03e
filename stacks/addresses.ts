import { TerraformElement, TerraformOutput, TerraformStack, TerraformVariable } from "cdktf";
import type { Node } from "constructs";

/** A construct with this id is the main resource of its parent and adds nothing to the address. */
const HIDDEN = "Default";

/** The path below the stack in snake case: `chat-mcp-server/rule` is `chat_mcp_server_rule`. */
const addressOf = (node: Node): string => {
  const stack = node.scopes.findIndex((scope) => TerraformStack.isStack(scope));
  return node.scopes
    .slice(stack + 1)
    .map((scope) => scope.node.id)
    .filter((id) => id !== HIDDEN)
    .join("_")
    .replaceAll(/[^A-Za-z0-9_]/g, "_");
};

/** Addresses are unique among resources of one type, among outputs and among variables. */
const kindOf = (element: TerraformElement): string | undefined => {
  if (element instanceof TerraformOutput) return "output";
  if (element instanceof TerraformVariable) return "var";
  return (element as { terraformResourceType?: string }).terraformResourceType;
};

/**
 * A stack with readable addresses: the construct's path without a hash, which does not change when a neighbour is added.
 * Synthesis fails if two paths have the same address, because Terraform would lose one of the resources.
 */
export class ReadableStack extends TerraformStack {
  constructor(...args: ConstructorParameters<typeof TerraformStack>) {
    super(...args);
    this.node.addValidation({ validate: () => this.collisions() });
  }

  /**
   * CDKTF would resolve every element here to find references between stacks, which takes a third of the synthesis.
   * Stacks of this project share values through remote state only.
   */
  override prepareStack(): void {}

  protected override allocateLogicalId(element: TerraformElement | Node): string {
    return addressOf(element instanceof TerraformElement ? element.node : element);
  }

  private collisions(): string[] {
    const paths = new Map<string, string>();
    return this.node.findAll().flatMap((element) => {
      if (!TerraformElement.isTerraformElement(element)) return [];
      const kind = kindOf(element);
      if (!kind) return [];
      const address = `${kind}.${element.friendlyUniqueId}`;
      const other = paths.get(address);
      paths.set(address, element.node.path);
      return other
        ? [`${other} and ${element.node.path} have the same address ${address}: rename one of the constructs`]
        : [];
    });
  }
}
