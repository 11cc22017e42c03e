import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import type { EnvironmentData } from "../../environments/schema.ts";
import { EXIT, Problem } from "../cli/problem.ts";
import type { Aws } from "./aws.ts";
import type { Clock, Polling } from "./clock.ts";
import { type Outputs, readOutputsFile, readStateOutputs } from "./outputs.ts";
import type { Report } from "./report.ts";

/** The terminal of the process, where it has one. */
export interface Terminal {
  readonly interactive: boolean;
  /** Asks a question. @returns the line that is typed */
  ask(question: string): Promise<string>;
  /** All of standard input. */
  input(): Promise<string>;
}

export interface Settings {
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly outputsFile: string | undefined;
  readonly polling: Polling;
}

/** What every verb works with: the environment, AWS, and where it reports. */
export class Context {
  readonly environment: EnvironmentData;
  readonly aws: Aws;
  readonly report: Report;
  readonly clock: Clock;
  readonly terminal: Terminal;
  readonly settings: Settings;
  #outputs: Promise<Outputs> | undefined;

  constructor(parts: Pick<Context, "environment" | "aws" | "report" | "clock" | "terminal" | "settings">) {
    this.environment = parts.environment;
    this.aws = parts.aws;
    this.report = parts.report;
    this.clock = parts.clock;
    this.terminal = parts.terminal;
    this.settings = parts.settings;
  }

  /**
   * The stack's outputs, once the credentials are known to be of the account that the outputs name.
   * @throws Problem where the environment was not applied, or the credentials are of another account
   */
  outputs(): Promise<Outputs> {
    this.#outputs ??= this.#readOutputs();
    return this.#outputs;
  }

  async #readOutputs(): Promise<Outputs> {
    const { environment, settings, aws } = this;
    const outputs = settings.outputsFile
      ? readOutputsFile(settings.outputsFile, environment.environment)
      : await readStateOutputs(aws.s3(environment.state.region), environment);
    this.#checkProject(outputs);
    await this.checkAccount(outputs.account_id);
    return outputs;
  }

  /** Both environments may be in one account. @throws Problem where the outputs are of another environment */
  #checkProject({ one_shot_tasks, services }: Outputs): void {
    const { environment, project } = this.environment;
    const names = [
      ...Object.values(services).map(({ name }) => name),
      ...Object.values(one_shot_tasks).map(({ family }) => family),
    ];
    const other = names.find((name) => !name.startsWith(`${project}-`));
    if (other === undefined) return;
    throw new Problem(
      `these outputs are not of ${environment}: they name ${other}, and its names begin with ${project}-`,
      "Name the environment that the outputs belong to",
      EXIT.refused,
    );
  }

  /** Whose credentials these are. @throws Error of the SDK where there are none, or AWS rejects them */
  async caller(): Promise<{ readonly account: string; readonly arn: string }> {
    const { Account = "", Arn = "" } = await this.aws.sts.send(new GetCallerIdentityCommand({}));
    return { account: Account, arn: Arn };
  }

  /** @throws Problem where the credentials are of another account than `expected` */
  async checkAccount(expected: string): Promise<void> {
    const { account, arn } = await this.caller();
    if (account === expected) return;
    throw new Problem(
      `these credentials (${arn}) are of account ${account}; ${this.environment.environment} is in account ${expected}`,
      "Choose the profile or role of that account: AWS_PROFILE=<profile>, or aws sso login --profile <profile>",
      EXIT.refused,
    );
  }

  /**
   * Asks for confirmation before a change of production.
   * @param steps what will be done, each an infinitive without "to"
   * @param always whether to ask in every environment, for what can't be undone
   * @returns false in a dry run, which only prints the steps
   * @throws Problem where the change is not confirmed
   */
  async confirm(steps: readonly string[], { always = false } = {}): Promise<boolean> {
    const { environment, settings, terminal, report } = this;
    if (settings.dryRun) {
      for (const step of steps) report.line(`would ${step}`);
      report.result({ dryRun: true, steps });
      return false;
    }
    if ((!environment.production && !always) || settings.yes) return true;
    if (!terminal.interactive)
      throw new Problem(
        `${environment.production ? `${environment.environment} is production` : "this can't be undone"}, and there is no terminal to ask for confirmation`,
        "Add --yes if this is what you want; --dry-run shows what would be done",
        EXIT.usage,
      );
    for (const step of steps) report.progress(`This will ${step}.`);
    const answer = await terminal.ask(`Type ${environment.environment} to go on: `);
    if (answer.trim() === environment.environment) return true;
    throw new Problem(
      "not confirmed: nothing was changed",
      "Type the environment's name, or add --yes",
      EXIT.usage,
    );
  }
}
