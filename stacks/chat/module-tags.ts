import { Aspects, type IAspect } from "cdktf";
import type { IConstruct } from "constructs";

interface Taggable extends IConstruct {
  tags?: Record<string, string>;
  tagsInput?: Record<string, string>;
}

const isTaggable = (node: IConstruct): node is Taggable => "tagsInput" in node;

/** Adds the tag `Module` to every resource below `scope`; the provider's default tags can't tell modules apart. */
export function tagModule<T extends IConstruct>(scope: T): T {
  const aspect: IAspect = {
    visit(node) {
      if (isTaggable(node)) node.tags = { ...node.tagsInput, Module: scope.node.id };
    },
  };
  Aspects.of(scope).add(aspect);
  return scope;
}
