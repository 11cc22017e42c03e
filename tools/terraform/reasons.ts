import { code } from "../docs/markdown.ts";
import type { ResourceChange } from "./plan-json.ts";

/** Terraform's reasons, in words; a reason that is not listed says nothing new. */
const REASONS: Readonly<Record<string, string>> = {
  replace_because_tainted: "tainted, because its creation failed or somebody marked it",
  replace_by_request: "asked for with `-replace`",
  replace_by_triggers: "triggered by `replace_triggered_by`",
  delete_because_wrong_repetition: "`count` or `for_each` was added or removed",
  delete_because_count_index: "beyond `count`",
  delete_because_each_key: "no longer in `for_each`",
  delete_because_no_module: "its module is gone",
  delete_because_no_move_target: "it was moved to an address that does not exist",
};

/** Why a resource is replaced or destroyed, and where it comes from, in Markdown. */
export function reasons({ change, previous_address, action_reason = "" }: ResourceChange): string[] {
  const paths = [...new Set(change.replace_paths.map((path) => path.join(".")))];
  const reason = REASONS[action_reason];
  return [
    ...(paths.length ? [`forced by ${paths.map(code).join(", ")}`] : []),
    ...(reason === undefined ? [] : [reason]),
    ...(previous_address === undefined ? [] : [`moved from ${code(previous_address)}`]),
    ...(change.importing === undefined
      ? []
      : [`imported from ${code(change.importing.id ?? "its identity")}`]),
  ];
}
