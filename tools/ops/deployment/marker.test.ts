import type { PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { describe, expect, it } from "@jest/globals";
import { development } from "../../../environments/development.ts";
import { type MarkerContext, whileDeploying } from "./marker.ts";

/** A context whose CloudWatch keeps the values of the marker, or refuses them. */
function context({ refuses = false } = {}) {
  const values: (number | undefined)[] = [];
  const told: string[] = [];
  const send = async (command: PutMetricDataCommand) => {
    if (refuses) throw new Error("not authorized to perform cloudwatch:PutMetricData");
    const { Namespace, MetricData = [] } = command.input;
    expect(Namespace).toBe("PhenomChat/Operations");
    expect(MetricData[0]?.Dimensions).toEqual([{ Name: "Environment", Value: "development" }]);
    values.push(MetricData[0]?.Value);
  };
  const used: MarkerContext = {
    aws: { cloudwatch: { send } },
    environment: development,
    report: { progress: (line) => void told.push(line) },
  };
  return { used, values, told };
}

describe("the marker of a deployment", () => {
  it("is set before the work, and cleared after it", async () => {
    const { used, values } = context();
    expect(await whileDeploying(used, async () => [...values])).toEqual([1]);
    expect(values).toEqual([1, 0]);
  });

  it("is cleared when the work fails", async () => {
    const { used, values } = context();
    await expect(whileDeploying(used, () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
    expect(values).toEqual([1, 0]);
  });

  it("stops no deployment that may not set it, and says so once", async () => {
    const { used, told } = context({ refuses: true });
    expect(await whileDeploying(used, async () => "done")).toBe("done");
    expect(told).toHaveLength(1);
    expect(told[0]).toContain("alarms may ring meanwhile");
  });
});
