import { floatingTags, type ImageName, ownImages, tagVariable } from "../../../environments/image-tags.ts";
import { environmentVariables } from "../../terraform/variables.ts";
import type { Context } from "../context.ts";
import { describeServices, imageOf } from "../services.ts";
import type { Verb } from "../verb.ts";
import { checksToRun, skipOption, waitOption } from "../verification.ts";
import { runDeployment } from "./deploy.ts";

export const redeploy: Verb = ({ verb, run }) =>
  verb("redeploy", "deploy with the inputs of the last time, and with the images that run")
    .addOption(skipOption())
    .addOption(waitOption(5))
    .action((data, options) =>
      run(data, options, async (context) => {
        const verification = { checks: checksToRun(options), wait: options.wait };
        return runDeployment(context, verification, { variables: await lastVariables(context) });
      }),
    );

/** The Terraform variables of the last apply, except those that are set now; the images are those that run. */
async function lastVariables(context: Context): Promise<Record<string, string>> {
  const { inputs, services, cluster } = await context.outputs();
  const running = await describeServices(
    context,
    cluster,
    Object.values(services).map(({ name }) => name),
  );
  const tags: Record<string, string> = {};
  for (const image of ownImages) {
    const service = services[image];
    const definition = service && running.get(service.name)?.taskDefinition;
    if (service && definition)
      Object.assign(tags, runningTag(context, image, await imageOf(context, definition, service.container)));
  }
  const variables = environmentVariables({ ...inputs, ...tags });
  const set = Object.keys(variables).filter((name) => process.env[name] !== undefined);
  for (const [name, tag] of Object.entries(tags)) context.report.progress(`${name}: ${tag}, as it runs`);
  if (set.length) context.report.progress(`set in the environment: ${set.join(", ")}`);
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !set.includes(name)));
}

function runningTag(context: Context, image: ImageName, reference: string): Record<string, string> {
  const { repository } = context.environment.images[image];
  const tag = reference.slice(repository.length + 1);
  if (!reference.startsWith(`${repository}:`) || tag === "") return {};
  if (floatingTags.includes(tag))
    context.report.progress(`${reference} may name another image by now: deploy a build to pin it`);
  return { [tagVariable(image)]: tag };
}
