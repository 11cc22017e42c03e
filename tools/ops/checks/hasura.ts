import { runScript } from "../one-shot.ts";
import { type Check, failed, finding, passed, skipped } from "./check.ts";

/** Exits with curl's own code. */
export const probe = `exec curl -fsS -o /dev/null --max-time 10 "\${HASURA_ENDPOINT%/v1/graphql}/healthz"`;

const RULE = "Check the rule hasuraFromEcsTasks of docs/deploying.md, and that Hasura's service runs";
const NAME =
  "Set hasura_endpoint to a name that the VPC's DNS resolves, in Cloud Map or of an internal load balancer: one of ECS " +
  "Service Connect is unknown to functions and one-shot tasks";

/** What curl's exit codes mean here, and what to do. */
const reasons: Readonly<Record<number, readonly [found: string, remedy: string]>> = {
  6: ["its host name can't be resolved inside the VPC", NAME],
  7: ["nothing accepts the connection", RULE],
  22: ["it answers /healthz with an error", "See the log of Hasura's service, which the platform owns"],
  28: ["no answer within 10 s", RULE],
};

/**
 * Hasura answers at its address inside the VPC. The public name says nothing about it, and the MCP server's task may know
 * names that functions and one-shot tasks don't, so the metadata task asks, with a command in place of its own.
 */
export const hasura: Check = {
  name: "hasura",
  transient: true,
  async run({ context, outputs }) {
    const what = "Hasura inside the VPC";
    const task = outputs.one_shot_tasks["metadata"];
    if (!task) return [];
    if (context.settings.dryRun) return [skipped(what, "a dry run starts no task", "")];
    return [
      await finding(what, RULE, async () => {
        const { exitCode, lines } = await runScript(context, task, probe);
        if (exitCode === 0) return passed(what, "answers");
        const [found, remedy] = reasons[exitCode] ?? [`curl ended with ${exitCode}`, RULE];
        return failed(what, [found, ...lines].join(": "), remedy);
      }),
    ];
  },
};
