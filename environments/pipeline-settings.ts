import * as z from "zod";
import { matching } from "./fields.ts";

/** Repository on GitHub. */
export const REPOSITORY = "Phenom-earth/phenom-chat";

/** Maximum seconds of a deployment: IAM ends the session then. The workflows request the same. */
export const DEPLOY_SECONDS = 7200;

const name = "[A-Za-z0-9_.-]+";
const subject = matching(
  new RegExp(`^repo:(?:${name}/${name}|${name}@\\d+/${name}@\\d+)$`),
  "must read repo:<owner>/<repository>, or repo:<owner>@<id>/<repository>@<id>, as GitHub shows it under Settings › Actions › OIDC",
);

/** Settings of the pipeline's roles. */
export const pipeline = z.strictObject({
  /**
   * Prefixes of the subject in the OIDC tokens of the repository's jobs. Repositories that were made or renamed after
   * 2026-07-15 have ids in it. Two while GitHub's setting is changed; a job whose subject is not listed gets no role.
   */
  gitHubSubjects: z
    .array(subject)
    .min(1, { error: "must name the repository" })
    .max(2, { error: "must be at most two: a former subject and the current one" })
    .default([`repo:${REPOSITORY}`]),
  /** Whether this account's identity provider for GitHub is made here; false if the account has it already. */
  createGitHubProvider: z.boolean().default(true),
  /**
   * Names of the platform's secrets that tasks and functions may read, with `*`, beside `<project>-…` and those that RDS
   * manages. The permissions boundary allows no others.
   */
  platformSecrets: z
    .array(
      matching(
        /^[\w/+=.@!*-]*[\w/+=.@!-]{3}[\w/+=.@!*-]*$/,
        "must be a secret's name, of which `*` may be a part",
      ),
    )
    .default([]),
});
