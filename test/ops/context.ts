import { development } from "../../environments/development.ts";
import { awsClients } from "../../tools/ops/aws.ts";
import { Context, type Settings } from "../../tools/ops/context.ts";
import { Reporter } from "../../tools/ops/report.ts";
import { noTerminal, testClock } from "./command.ts";

/** The context of a verb in development that reports nothing. */
export const testContext = (settings: Partial<Settings> = {}): Context =>
  new Context({
    environment: development,
    aws: awsClients(development.region),
    report: new Reporter({ out: () => {}, err: () => {} }, false),
    clock: testClock(),
    terminal: noTerminal,
    settings: {
      dryRun: false,
      yes: true,
      outputsFile: undefined,
      polling: { pollSeconds: 5, timeoutMinutes: 1 },
      ...settings,
    },
  });
