import { S3Client } from "@aws-sdk/client-s3";
import { type ImageName, ownImages } from "../../environments/image-tags.ts";
import type { EnvironmentData } from "../../environments/schema.ts";
import { EXIT, Problem } from "../cli/problem.ts";
import { explain } from "../ops/explain.ts";
import { readStateOutputs } from "../ops/outputs.ts";

/** The references of our images in an environment's state; none before its first deployment was complete. */
export async function runningImages(
  environment: EnvironmentData,
): Promise<Partial<Record<ImageName, string>>> {
  const s3 = new S3Client({ region: environment.state.region });
  try {
    const { services } = await readStateOutputs(s3, environment);
    return Object.fromEntries(
      ownImages.flatMap((image) => (services[image] ? [[image, services[image].image]] : [])),
    );
  } catch (error) {
    if (error instanceof Problem && error.exitCode === EXIT.notDeployed) return {};
    throw explain(error);
  }
}
