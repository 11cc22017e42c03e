import {
  type AwsVpcConfiguration,
  DescribeTasksCommand,
  type Failure,
  RunTaskCommand,
  type Task,
} from "@aws-sdk/client-ecs";
import { EXIT, Problem } from "../cli/problem.ts";
import { poll } from "./clock.ts";
import type { Context } from "./context.ts";
import { LogStream } from "./log-stream.ts";
import type { OneShotTask } from "./outputs.ts";
import { notStarted, taskRemedy, UNKNOWN_REASON } from "./task-failure.ts";

export interface OneShotRun {
  readonly cluster: string;
  /** A family, for its newest revision, or the ARN of one revision. */
  readonly taskDefinition: string;
  readonly container: string;
  readonly network: AwsVpcConfiguration;
  readonly logGroup: string;
  /** @default - the command of the definition */
  readonly command?: readonly string[];
  /** Receives each line of the log. @default - reports it as progress */
  readonly onLine?: (line: string) => void;
}

/** awslogs-stream-prefix of every task definition. */
const STREAM_PREFIX = "task";
/** ECS allows letters, digits, hyphens, underscores and slashes. */
const STARTED_BY = "phenom-chat-ops";
/** The log's last lines can arrive after the task has ended: it is complete after so many requests without a new line. */
const QUIET_REQUESTS = 2;

export const oneShotRun = (task: OneShotTask): OneShotRun => ({
  cluster: task.cluster,
  taskDefinition: task.family,
  container: task.container,
  network: { subnets: task.subnets, securityGroups: task.security_groups, assignPublicIp: "DISABLED" },
  logGroup: task.log_group,
});

/** Runs a line of shell in a one-shot task, in place of its command. */
export async function runScript(
  context: Context,
  task: OneShotTask,
  script: string,
): Promise<{ readonly exitCode: number; readonly lines: readonly string[] }> {
  const lines: string[] = [];
  const exitCode = await runOneShot(context, {
    ...oneShotRun(task),
    command: ["sh", "-c", script],
    onLine: (line) => lines.push(line.trim()),
  });
  return { exitCode, lines };
}

/**
 * Runs a task once to its end, and shows its log as it comes.
 * @returns the container's exit code
 * @throws Problem where the task does not start, or does not end in time
 */
export async function runOneShot(context: Context, run: OneShotRun): Promise<number> {
  const { aws, clock, report, settings } = context;
  const name = run.container;
  const arn = await start(context, run);
  const id = arn.split("/").at(-1) ?? arn;
  report.progress(`${name}: started as task ${id}, log ${run.logGroup}`);
  const log = new LogStream(aws.logs, run.logGroup, `${STREAM_PREFIX}/${run.container}/${id}`);
  const onLine = run.onLine ?? ((line: string) => report.progress(`${name} | ${line.trimEnd()}`));
  const follow = async () => {
    const lines = await log.next();
    lines.forEach(onLine);
    return lines.length;
  };

  let status = "";
  const stopped = await poll(clock, settings.polling, async (seconds) => {
    const task = await describe(context, run.cluster, arn);
    if (task?.lastStatus && task.lastStatus !== status) {
      status = task.lastStatus;
      report.progress(`${name}: ${status.toLowerCase()} (${seconds} s)`);
    }
    await follow();
    return task?.lastStatus === "STOPPED" ? task : undefined;
  });
  if (!stopped)
    throw new Problem(
      `${name}: task ${id} still runs after ${settings.polling.timeoutMinutes} minutes`,
      `It keeps running. Stop it: aws ecs stop-task --cluster ${run.cluster} --task ${id}; wait longer: --timeout <minutes>`,
      EXIT.timeout,
    );
  for (let quiet = 0; quiet < QUIET_REQUESTS; ) {
    quiet = (await follow()) === 0 ? quiet + 1 : 0;
    if (quiet < QUIET_REQUESTS) await clock.sleep(settings.polling.pollSeconds * 1000);
  }
  const { exitCode } = stopped.containers?.find((container) => container.name === run.container) ?? {};
  if (exitCode === undefined) throw notStarted(name, stopped);
  report.progress(`${name}: ended with exit code ${exitCode}`);
  return exitCode;
}

async function start({ aws }: Context, run: OneShotRun): Promise<string> {
  const { tasks = [], failures = [] } = await aws.ecs
    .send(
      new RunTaskCommand({
        cluster: run.cluster,
        taskDefinition: run.taskDefinition,
        launchType: "FARGATE",
        startedBy: STARTED_BY,
        propagateTags: "TASK_DEFINITION",
        enableECSManagedTags: true,
        networkConfiguration: { awsvpcConfiguration: run.network },
        ...(run.command && {
          overrides: { containerOverrides: [{ name: run.container, command: [...run.command] }] },
        }),
      }),
    )
    .catch((error: unknown) => {
      if (error instanceof Error && error.name === "ClientException")
        throw new Problem(
          `${run.container}: ECS does not start ${run.taskDefinition}: ${error.message}`,
          "Apply again, so that the task definition exists",
          EXIT.notStarted,
          { cause: error },
        );
      throw error;
    });
  const arn = tasks[0]?.taskArn;
  if (arn) return arn;
  const reason = failures
    .map(({ reason, detail }: Failure) => [reason, detail].filter(Boolean).join(": "))
    .join("; ");
  throw new Problem(
    `${run.container}: ECS did not start the task: ${reason}`,
    taskRemedy(reason) ?? UNKNOWN_REASON,
    EXIT.notStarted,
  );
}

async function describe({ aws }: Context, cluster: string, arn: string): Promise<Task | undefined> {
  const { tasks } = await aws.ecs.send(new DescribeTasksCommand({ cluster, tasks: [arn] }));
  return tasks?.[0];
}
