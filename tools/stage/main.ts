import { once } from "node:events";
import { Argument, Option } from "@commander-js/extra-typings";
import { development } from "../../environments/development.ts";
import { environments } from "../../environments/index.ts";
import type { EnvironmentData } from "../../environments/schema.ts";
import { assertTrustworthy, busyCores } from "../bench/measurements.ts";
import { createCommand, main } from "../cli/command.ts";
import { EXIT, Problem } from "../cli/problem.ts";
import { chooseEngine, ENGINES } from "../images/engine.ts";
import { removeAllStages } from "./machine.ts";
import type { Stage } from "./stage.ts";

await main(
  createCommand("npm run stage --", "Runs an environment on this machine, from its synthesised Terraform.")
    .addArgument(
      new Argument("[environment]", "the environment")
        .choices(environments.map(({ environment }) => environment))
        .default(development.environment),
    )
    .addOption(
      new Option("--engine <engine>", "where the images are; default: the first that works").choices(ENGINES),
    )
    .option("--plan", "say what would be started, and start nothing")
    .option("--down", "end every stage of this machine, also one that was killed, and remove what it made")
    .option(
      "--rehearse-restore",
      "lose and restore its databases and media, without images, and prove that everything is whole",
    )
    .option("--record", "with --rehearse-restore: keep the times, which the runbook quotes")
    // What starts and synthesises is loaded by those who need it: that takes a second.
    .action(async (name, { engine: wanted, plan = false, down = false, rehearseRestore, record }) => {
      if (record && !rehearseRestore)
        throw new Problem("--record goes with --rehearse-restore", "", EXIT.usage);
      if (down) return console.log(`${removeAllStages()} stages ended`);
      const found = environments.find(({ environment }) => environment === name);
      if (!found) throw new Problem(`there is no environment ${name}`);
      if (rehearseRestore) return rehearseAndRecord(found, record ?? false);
      const data = withExampleInputs(found);
      const engine = chooseEngine(wanted);
      if (plan) {
        const { planLines } = await import("./plan.ts");
        for (const line of planLines(data, engine)) console.log(line);
        return;
      }
      await run(data, engine);
    }),
);

async function rehearseAndRecord(data: EnvironmentData, record: boolean): Promise<void> {
  if (record) assertTrustworthy(false, await busyCores());
  const { rehearse } = await import("../restore/rehearsal.ts");
  const { rememberRestore } = await import("../restore/record.ts");
  const rehearsal = await rehearse(data, (line) => console.log(line));
  if (!record) return;
  await rememberRestore(rehearsal);
  console.log("Kept in docs/restore.json; npm run docs writes it to the runbook");
}

/** There is no other stack here whose remote state could be read: example values take the place of its outputs. */
function withExampleInputs(data: EnvironmentData): EnvironmentData {
  return { ...data, inputs: { from: "variables" } };
}

async function run(data: EnvironmentData, engine: ReturnType<typeof chooseEngine>): Promise<void> {
  const started = performance.now();
  const { Stage } = await import("./stage.ts");
  const stage = await Stage.prepare(data, { engine, report: (line) => console.log(line) });
  const interrupted = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  try {
    await Promise.race([
      stage.firstDay(),
      interrupted.then(() => Promise.reject(new Problem("interrupted"))),
    ]);
    const { code, output } = await stage.ops("verify");
    console.log(output.trim());
    console.log(`verify exited with ${code}\n`);
    for (const line of addresses(stage)) console.log(line);
    console.log(`\nReady after ${((performance.now() - started) / 1000).toFixed(0)} s. Ctrl-C ends it.`);
    await interrupted;
  } finally {
    await stage.stop();
  }
}

/** What to try, for a person at this machine. */
function addresses({ data: { serverName }, machine, certificateFile, people }: Stage): string[] {
  const { internetAddress } = machine.network;
  return [
    `MCP endpoint       https://${serverName}/mcp`,
    `Matrix homeserver  https://${serverName}`,
    `Admin UI           https://${serverName}/chat-admin/`,
    `They answer at ${internetAddress}: curl --cacert ${certificateFile} --resolve ${serverName}:443:${internetAddress} https://${serverName}/mcp/health`,
    ...people.map(
      ({ username, password, groups }) =>
        `Account            ${username}, password ${password}, groups ${groups.join(", ")}`,
    ),
  ];
}
