import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { environments } from "../../environments/index.ts";
import type { EnvironmentData } from "../../environments/schema.ts";
import { catalog } from "../../mcp-server/tools/catalog.ts";
import { emittedMetrics, kind } from "../../test/emitted-metrics.ts";
import { environment, Template } from "../chat/template.ts";
import { COMPARED_TOOL, Dashboard } from "./dashboard.ts";
import { COLUMNS, type DashboardBody, layOut } from "./widgets.ts";

const bodyOf = (data: EnvironmentData): DashboardBody => {
  const [dashboard] = new Template(data).stack.node.findAll().filter((node) => node instanceof Dashboard);
  if (!dashboard) throw new Error("no dashboard");
  return dashboard.body;
};
const both = bodyOf(environment());

type MetricRow = readonly unknown[];
const rows = ({ widgets }: DashboardBody) =>
  widgets.flatMap(({ properties }) => (properties.metrics ?? []) as MetricRow[]);
/** Metric math names other rows, so it shows no metric of its own. */
const isMath = ([first]: MetricRow) =>
  typeof first === "object" && first !== null && "id" in first && "expression" in first;

/** The metric that a line of a graph shows: namespace, name, then names and values of dimensions, then how. */
function kindOf(row: MetricRow): string {
  const [first] = row;
  if (typeof first === "object" && first !== null && "expression" in first) {
    const [, namespace = "", dimensions = "", name = ""] =
      /^SEARCH\('\{([^,]+),([^}]+)\} .*MetricName="(\w+)"', '\w+'\)$/.exec(String(first.expression)) ?? [];
    return kind(namespace, name, dimensions.split(","));
  }
  const [namespace, name, ...rest] = row.slice(0, -1).map(String);
  return kind(
    String(namespace),
    String(name),
    rest.filter((_, index) => index % 2 === 0),
  );
}

const overlaps = ({ widgets }: DashboardBody): string[] => {
  const taken = new Map<string, number>();
  return widgets.flatMap(({ x, y, width, height }, index) => {
    const cells = Array.from(
      { length: width * height },
      (_, i) => `${x + (i % width)},${y + Math.floor(i / width)}`,
    );
    const clash = cells.filter((cell) => taken.has(cell));
    for (const cell of cells) taken.set(cell, index);
    return clash;
  });
};

describe.each<[string, EnvironmentData]>([
  ...environments.map((data): [string, EnvironmentData] => [data.environment, data]),
  [
    "A alone",
    environment({ implementations: { synapse: true, hasura: false }, mcp: { backend: "synapse" } }),
  ],
  ["B alone", environment({ implementations: { synapse: false, hasura: true } })],
  ["A with workers", environment({ workers: { sync: 2, events: 1, background: 1 } })],
])("the dashboard of %s", (_, data) => {
  const body = bodyOf(data);

  it("shows metrics that exist, with a statistic that fits", () => {
    const emitted = emittedMetrics(data.environment);
    expect(rows(body)).not.toHaveLength(0);
    expect(
      rows(body)
        .filter((row) => !isMath(row))
        .map(kindOf)
        .filter((metric) => !emitted.has(metric)),
    ).toEqual([]);
    for (const row of rows(body)) expect(row.at(-1)).toHaveProperty("label");
  });

  it("fits CloudWatch's grid, without overlaps or empty columns", () => {
    expect(overlaps(body)).toEqual([]);
    for (const top of new Set(body.widgets.map(({ y }) => y))) {
      const row = body.widgets.filter(({ y }) => y === top);
      expect(row.reduce((sum, { width }) => sum + width, 0)).toBe(COLUMNS);
      for (const { x, width, height } of row) {
        expect(x + width).toBeLessThanOrEqual(COLUMNS);
        expect(height).toBe(row[0]?.height);
      }
    }
  });

  it("draws every graph in the environment's region, with a labelled axis", () => {
    for (const { type, properties } of body.widgets)
      if (type === "metric")
        expect(properties).toMatchObject({
          region: data.region,
          view: "timeSeries",
          title: expect.stringMatching(/./),
          yAxis: { left: { label: expect.stringMatching(/./) } },
        });
  });
});

describe("A and B", () => {
  const titled = (body: DashboardBody, title: string) =>
    body.widgets.find(({ properties }) => properties.title === title);

  it.each(["volume", "latency", "errors"])("are side by side: %s", (question) => {
    const [a, b] = [titled(both, `A: ${question}`), titled(both, `B: ${question}`)];
    expect(a).toMatchObject({ x: 0, width: COLUMNS / 2 });
    expect(b).toMatchObject({ x: COLUMNS / 2, y: a?.y, width: COLUMNS / 2 });
  });

  it.each([
    "sign in",
    "send and read",
    "previews",
  ])("show the same indicator side by side, with our deployments: %s", (what) => {
    const [a, b] = [
      titled(both, `A: ${what}, share that fails`),
      titled(both, `B: ${what}, share that fails`),
    ];
    expect(b).toMatchObject({ y: a?.y, properties: { annotations: a?.properties.annotations } });
    for (const widget of [a, b])
      expect(rows({ widgets: widget ? [widget] : [] }).at(-1)).toEqual(
        expect.arrayContaining(["PhenomChat/Operations", "Deploying"]),
      );
  });

  it("come after what people feel and what changed", () => {
    const order = ["A: sign in, share that fails", "We deploy", "A: volume", "Tasks: CPU"];
    const places = order.map((title) => titled(both, title)?.y ?? -1);
    expect(places).toEqual([...places].sort((one, other) => one - other));
    expect(places[0]).toBeGreaterThan(0);
  });

  it("are compared in one unit by a tool that does the same on both", () => {
    expect(catalog.map(({ name }) => name)).toContain(COMPARED_TOOL);
    const { properties } = titled(both, `${COMPARED_TOOL}: latency`) ?? {};
    const backends = (properties?.metrics as MetricRow[]).map((row) => row[5]);
    expect([...new Set(backends)]).toEqual(["synapse", "hasura"]);
  });

  it("one alone takes the whole width", () => {
    const alone = bodyOf(environment({ implementations: { synapse: false, hasura: true } }));
    expect(titled(alone, "B: volume")).toMatchObject({ x: 0, width: COLUMNS });
    expect(titled(alone, "A: volume")).toBeUndefined();
  });
});

it("widgets never overlap, whatever the layout", () => {
  const content = fc.constant({ type: "text", markdown: "" } as const);
  const row = fc.record({
    height: fc.integer({ min: 1, max: 9 }),
    contents: fc.array(content, { minLength: 1, maxLength: COLUMNS }),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 6 }), (all) => {
      expect(overlaps(layOut(all, "us-east-1"))).toEqual([]);
    }),
  );
});
