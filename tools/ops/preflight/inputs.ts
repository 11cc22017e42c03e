import { ownImages, tagVariable } from "../../../environments/image-tags.ts";
import { allInputs } from "../../../environments/inputs.ts";
import { type Finding, failed, passed } from "../checks/check.ts";
import type { PreflightCheck, Subject } from "./check.ts";

/** Every input has a value of its shape, and every image a tag. */
export const inputs: PreflightCheck = {
  name: "inputs",
  run: async (subject) => [...values(subject), ...tags(subject)],
};

function values({ inputs }: Subject): Finding[] {
  const { source, problems } = inputs;
  if (problems.length === 0) return [passed("inputs", `${allInputs.length} values from ${source}`)];
  return problems.map(({ input, problem }) =>
    failed(
      `input ${input.name}`,
      problem,
      `Set it in ${source}${input.shape ? `: ${input.shape}` : ""} (${input.description})`,
    ),
  );
}

function tags({ environment }: Subject): Finding[] {
  return ownImages.flatMap((name) => {
    const { tag, repository } = environment.images[name];
    const variable = tagVariable(name);
    if (tag !== undefined || process.env[`TF_VAR_${variable}`] !== undefined) return [];
    return [failed(`tag of ${repository}`, "is missing", `Set TF_VAR_${variable} to the release`)];
  });
}
