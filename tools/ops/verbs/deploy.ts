import { EXIT } from "../../cli/problem.ts";
import { Deployment, runningBefore } from "../deployment/deployment.ts";
import { checkWithin, notIn, readReviewed, summaryLines } from "../deployment/plan.ts";
import { Terraform } from "../deployment/terraform.ts";
import type { Verb } from "../verb.ts";
import { checksToRun, skipOption, waitOption } from "../verification.ts";

export const deploy: Verb = ({ verb, run }) =>
  verb("deploy", "apply the stack: database first, then the services; verify, and roll back on failure")
    .option(
      "--plan-check <file>",
      "reviewed plan, as terraform show -json prints it: stop if the new plan would change more",
    )
    .addOption(skipOption())
    // 30 times, 10 seconds apart.
    .addOption(waitOption(5))
    .action((data, { planCheck, ...options }) =>
      run(data, options, async (context) => {
        const { environment, report } = context;
        const reviewed = planCheck === undefined ? undefined : readReviewed(planCheck);
        const terraform = new Terraform(environment.environment, report);
        try {
          await terraform.prepare();
          const before = await runningBefore(context, terraform);
          report.progress("planning");
          const plan = await terraform.plan();
          for (const line of summaryLines(plan.changes)) report.line(line);
          report.result({ changes: plan.changes });
          if (reviewed) {
            checkWithin(plan.changes, reviewed, "what was reviewed");
            for (const { action, address } of notIn(plan.changes, reviewed))
              report.progress(`reviewed and applied already: ${action} ${address}`);
          }
          const steps = [
            "apply and run the database tasks",
            `apply ${plan.changes.length} changes in all`,
            "wait for the services, run the tasks that come after, and verify",
            before?.services.length
              ? `on failure roll back ${before.services.map(({ name }) => name).join(", ")}`
              : "stop at the first failure, since nothing ran before that could be restored",
          ];
          if (!(await context.confirm(steps))) return EXIT.ok;
          const exitCode = await new Deployment(context, terraform, plan, before).run({
            checks: checksToRun(options),
            wait: options.wait,
          });
          report.line(`deployed ${environment.environment}`);
          return exitCode;
        } finally {
          terraform.close();
        }
      }),
    );
