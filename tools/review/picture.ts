import { escapeHtml } from "../ab/format.ts";
import { type Dependencies, dependents, withoutIndex } from "../terraform/dependencies.ts";
import type { Plan } from "../terraform/plan.ts";
import { type Kind, kindOf, kinds } from "./summary.ts";

/** Most boxes in which each resource has its own; beyond, one box stands for all of a type. */
export const MOST_SINGLE = 24;
/** Most boxes at all. */
const MOST_BOXES = 60;

const BOX = { width: 236, height: 38, gapX: 52, gapY: 12, margin: 8 };
/** Characters of a line in a box. */
const LINE = 31;
/** Edges beyond which each is drawn faintly. */
const MANY_EDGES = 60;

type Look = Kind | "depends";

interface Box {
  readonly id: string;
  readonly look: Look;
  readonly title: string;
  readonly subtitle: string;
  /** Where the page has more about it. */
  readonly href: string | undefined;
  readonly members: readonly string[];
}

/** A picture of the resources that a plan touches, and of those that refer to them; arrows go from a resource to its users. */
export function picture(plan: Plan, anchorOf: (address: string) => string): string {
  const boxes = boxesOf(plan, anchorOf);
  if (boxes.length < 2) return "";
  const shown = boxes.slice(0, MOST_BOXES);
  const edges = edgesBetween(shown, plan.dependencies);
  const places = layOut(shown, edges);
  const width = Math.max(...[...places.values()].map(({ x }) => x)) + BOX.width + BOX.margin;
  const height = Math.max(...[...places.values()].map(({ y }) => y)) + BOX.height + BOX.margin;
  const lines = edges.map(([from, to]) => line(found(places, from), found(places, to)));
  const rects = shown.map((box) => drawn(box, found(places, box.id)));
  const left = boxes.length - shown.length;
  const faint = edges.length > MANY_EDGES ? ' class="faint"' : "";
  return `<div class="scroll"><svg${faint} viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"
aria-label="What the change touches, and what depends on it"><defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4"
markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>
${lines.join("")}${rects.join("")}</svg></div>${left ? `<p class="soft">${left} more are in the list below.</p>` : ""}`;
}

function boxesOf({ resources, dependencies }: Plan, anchorOf: (address: string) => string): Box[] {
  const touched = new Map<string, { readonly kind: Kind; readonly address: string }>();
  for (const resource of resources)
    touched.set(withoutIndex(resource.address), { kind: kindOf(resource), address: resource.address });
  const users = dependents(dependencies, new Set(touched.keys()));
  const single = touched.size <= MOST_SINGLE;
  const entries: { look: Look; key: string; address: string }[] = [
    ...[...touched].map(([key, { kind, address }]) => ({ look: kind, key, address })),
    ...users.map((key) => ({ look: "depends" as const, key, address: key })),
  ];
  const groups = new Map<string, typeof entries>();
  for (const entry of entries) {
    const alone =
      entry.look === "depends" ? users.length <= MOST_SINGLE / 2 : single || entry.look === "lost";
    const group = alone ? entry.key : `${entry.look} ${typeOf(entry.key)}`;
    groups.set(group, [...(groups.get(group) ?? []), entry]);
  }
  return [...groups].map(([id, [first, ...others]]) => {
    const { look = "changed", key = "", address = "" } = first ?? {};
    const words = [
      ...(look === "depends" ? [] : [kinds[look].label]),
      ...(others.length ? [] : [typeOf(key)]),
    ];
    return {
      id,
      look,
      title: others.length ? `${others.length + 1} × ${typeOf(key)}` : (key.split(".")[1] ?? key),
      subtitle: words.join(" · ") || "not touched",
      href: look === "depends" || others.length ? undefined : `#${anchorOf(address)}`,
      members: [first, ...others].flatMap((entry) => (entry ? [entry.key] : [])),
    };
  });
}

const typeOf = (address: string) => (address.split(".")[0] ?? "").replace(/^aws_/, "");

/** From a box to each box whose resources refer to it. */
function edgesBetween(boxes: readonly Box[], dependencies: Dependencies): (readonly [string, string])[] {
  const boxOf = new Map(boxes.flatMap(({ id, members }) => members.map((member) => [member, id] as const)));
  const edges = new Map<string, readonly [string, string]>();
  for (const [user, box] of boxOf)
    for (const used of dependencies.get(user) ?? []) {
      const from = boxOf.get(used);
      if (from !== undefined && from !== box) edges.set(`${from}\n${box}`, [from, box]);
    }
  return [...edges.values()];
}

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Each box right of all that it refers to. */
function layOut(boxes: readonly Box[], edges: readonly (readonly [string, string])[]): Map<string, Place> {
  const column = new Map(boxes.map(({ id }) => [id, 0]));
  // Groups may refer to each other, so that moving boxes to the right need not end by itself.
  for (let round = 0; round < Math.min(boxes.length, 6); round++)
    for (const [from, to] of edges) {
      const wanted = found(column, from) + 1;
      if (found(column, to) < wanted && wanted <= 6) column.set(to, wanted);
    }
  const rows = new Map<number, number>();
  const order = [...Object.keys(kinds), "depends"];
  const sorted = boxes.toSorted(
    (a, b) => order.indexOf(a.look) - order.indexOf(b.look) || a.title.localeCompare(b.title, "en"),
  );
  return new Map(
    sorted.map(({ id }) => {
      const at = found(column, id);
      const row = rows.get(at) ?? 0;
      rows.set(at, row + 1);
      return [
        id,
        {
          x: BOX.margin + at * (BOX.width + BOX.gapX),
          y: BOX.margin + row * (BOX.height + BOX.gapY),
        },
      ];
    }),
  );
}

function found<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`no ${String(key)}`);
  return value;
}

function line(from: Place, to: Place): string {
  const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [x2, y2] = [to.x - 2, to.y + BOX.height / 2];
  const bend = Math.max(40, (x2 - x1) / 2);
  return `<path class="edge" d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}" marker-end="url(#arrow)"/>`;
}

function drawn({ look, title, subtitle, href, members }: Box, { x, y }: Place): string {
  const box = `<g class="box ${look}"><title>${escapeHtml(members.join("\n"))}</title>
<rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="5"/>
<text x="${x + 10}" y="${y + 16}">${escapeHtml(cut(title))}</text>
<text class="soft" x="${x + 10}" y="${y + 31}">${escapeHtml(subtitle)}</text></g>`;
  return href === undefined ? box : `<a href="${href}">${box}</a>`;
}

/** Names share their beginning, so the end says more. */
const cut = (text: string) => (text.length > LINE ? `…${text.slice(1 - LINE)}` : text);
