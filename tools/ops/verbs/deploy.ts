import { Deployment, runningBefore } from "../deployment/deployment.ts";
import { beyond, checkWithin, readReviewed, summaryLines } from "../deployment/plan.ts";
import { Terraform } from "../deployment/terraform.ts";
import { EXIT } from "../problem.ts";
import type { Verb } from "../verb.ts";
import { thoroughness, verifyOptions } from "../verification.ts";

export const deploy: Verb = {
  name: "deploy",
  summary: "apply the stack: database first, then the services; verify, and roll back where that fails",
  options: {
    "plan-check": {
      type: "string",
      help: "plan as terraform show -json prints it: stop where this one would change more",
    },
    ...verifyOptions,
  },
  async run(context, invocation) {
    const { environment, report } = context;
    const reviewedFile = invocation.text("plan-check");
    const reviewed = reviewedFile === undefined ? undefined : readReviewed(reviewedFile);
    const asked = thoroughness(deploy, invocation);
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
        for (const { action, address } of beyond(reviewed, plan.changes))
          report.progress(`reviewed, and there already: ${action} ${address}`);
      }
      const steps = [
        "apply and run the database tasks",
        `apply ${plan.changes.length} changes in all`,
        "wait for the services, run the tasks that come after, and verify",
        before?.services.length
          ? `on failure put back ${before.services.map(({ name }) => name).join(", ")}`
          : "stop at the first failure, since nothing runs that could be put back",
      ];
      if (!(await context.agreed(steps))) return EXIT.ok;
      const exitCode = await new Deployment(context, terraform, plan, before).run(asked);
      report.line(`deployed ${environment.environment}`);
      return exitCode;
    } finally {
      terraform.close();
    }
  },
};
