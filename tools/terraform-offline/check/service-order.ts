import { isJsonObject } from "../json.ts";
import { blocksOf, declarations, jsonFiles } from "./configuration.ts";

interface Node {
  readonly type: string;
  readonly body: unknown;
  /** What it refers to, whether or not that is declared here. */
  readonly references: ReadonlySet<string>;
}

type Graph = ReadonlyMap<string, Node>;

const referencePattern = /\b(?:data\.)?[a-z][a-z0-9_]*\.[A-Za-z_][A-Za-z0-9_-]*/g;

/** References in every text of the value. */
function referencesIn(value: unknown): string[] {
  if (typeof value === "string") return value.match(referencePattern) ?? [];
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  return isJsonObject(value) ? Object.values(value).flatMap(referencesIn) : [];
}

const graphOf = (folder: string): Graph =>
  new Map(
    jsonFiles(folder).flatMap(({ document }) =>
      [
        ["resource", ""],
        ["data", "data."],
      ].flatMap(([kind = "", prefix = ""]) =>
        declarations(document, kind).map(({ type, name, body }): [string, Node] => [
          `${prefix}${type}.${name}`,
          { type, body, references: new Set(referencesIn(body)) },
        ]),
      ),
    ),
  );

/** Everything that is made before it. */
function dependenciesOf(address: string, graph: Graph): Set<string> {
  const all = new Set<string>();
  const visit = (from: string) => {
    for (const to of graph.get(from)?.references ?? [])
      if (graph.has(to) && !all.has(to)) {
        all.add(to);
        visit(to);
      }
  };
  visit(address);
  return all;
}

/**
 * AWS refuses an ECS service while no load balancer uses its target group, and Terraform knows nothing of that order
 * unless the configuration says so.
 */
export function unorderedServices(folder: string): string[] {
  const graph = graphOf(folder);
  const isListener = ({ type }: Node) => type === "aws_lb_listener" || type === "aws_lb_listener_rule";
  return [...graph]
    .filter(([, { type }]) => type === "aws_ecs_service")
    .flatMap(([service, { body }]) => {
      const dependencies = dependenciesOf(service, graph);
      const targetGroups = new Set(
        blocksOf(body).flatMap(({ load_balancer }) => referencesIn(load_balancer)),
      );
      return [...targetGroups]
        .filter((address) => graph.get(address)?.type === "aws_lb_target_group")
        .flatMap((targetGroup) => {
          const listeners = [...graph]
            .filter(([, node]) => isListener(node) && node.references.has(targetGroup))
            .map(([address]) => address);
          if (!listeners.length)
            return [
              `${service} uses ${targetGroup}, which no listener or listener rule here forwards to; ` +
                "AWS refuses such a service",
            ];
          if (listeners.some((listener) => dependencies.has(listener))) return [];
          return [
            `${service} uses ${targetGroup} but depends on none of ${listeners.join(", ")}; ` +
              "AWS refuses the service when it comes first: add depends_on",
          ];
        });
    });
}
