import { indexCounted, merge } from "./merge.ts";
import type { Configuration, ModuleStack } from "./module-stack.ts";

/** A module, and what its caller chooses by a variable. */
export interface TerraformModule<Choice extends string = never> {
  /** Folder below `modules/` whose construct it is. */
  readonly name: string;
  /** Conditions in Terraform's language, known at plan. */
  readonly choices: Readonly<Record<Choice, string>>;
  /** Makes the stack for one answer to each choice. */
  build(choices: Readonly<Record<Choice, boolean>>): ModuleStack;
}

/** The module's blocks for every answer to its choices. */
export function configurationOf<Choice extends string>({
  choices,
  build,
}: TerraformModule<Choice>): Configuration {
  const answered = (open: readonly [string, string][], answers: Record<string, boolean>): Configuration => {
    const [[choice, condition] = [], ...rest] = open;
    if (choice === undefined || condition === undefined)
      return build(answers as Record<Choice, boolean>).configuration();
    return merge(
      condition,
      answered(rest, { ...answers, [choice]: true }),
      answered(rest, { ...answers, [choice]: false }),
    );
  };
  return indexCounted(answered(Object.entries<string>(choices), {}));
}
