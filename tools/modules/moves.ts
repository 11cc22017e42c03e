import { moduleConfigurations } from "../../stacks/modules/index.ts";

/** Resources of the chat stack that belong to a module, by the beginning of their name there and in the module. */
const places = [
  { name: "chat_lambdas", module: "chat-link-preview", within: "lambdas" },
  { name: "hasura_from_ecs_tasks", module: "chat-hasura-lite", within: "hasura_from_ecs_tasks" },
  ...["chat-shared", "chat-link-preview", "chat-hasura-lite", "chat-synapse", "chat-mcp-server"].map(
    (module) => ({
      name: module.replaceAll("-", "_"),
      module,
      within: "",
    }),
  ),
];

interface Moved {
  /** Address in the chat stack. */
  readonly stack: string;
  /** Address in a configuration that calls each module under its name. */
  readonly module: string;
}

export interface Moves {
  readonly moved: readonly Moved[];
  /** Addresses that only the chat stack has: alarms, the dashboard, the DNS record. */
  readonly stackOnly: readonly string[];
  /** Addresses that only the modules have: secrets for values that the caller passes. */
  readonly modulesOnly: readonly string[];
}

/** Where each resource of a chat stack is in the modules, and the other way round. */
export function moves(stackAddresses: readonly string[], configurations = moduleConfigurations()): Moves {
  const inModules = new Map(
    Object.entries(configurations).flatMap(([module, { resource }]) =>
      Object.entries(resource).flatMap(([type, byName]) =>
        Object.entries(byName).map(([name, body]) => {
          const address = `module.${module.replaceAll("-", "_")}.${type}.${name}`;
          return [address, "count" in body ? `${address}[0]` : address] as const;
        }),
      ),
    ),
  );
  const moved = stackAddresses.flatMap((stack): Moved[] => {
    const module = inModules.get(placeOf(stack) ?? "");
    return module === undefined ? [] : [{ stack, module }];
  });
  const [stacks, modules] = [
    new Set(moved.map(({ stack }) => stack)),
    new Set(moved.map(({ module }) => module)),
  ];
  return {
    moved,
    stackOnly: stackAddresses.filter((address) => !stacks.has(address)),
    modulesOnly: [...inModules.values()].filter((address) => !modules.has(address)),
  };
}

function placeOf(address: string): string | undefined {
  const [type, name = ""] = address.split(".");
  const place = places.find((candidate) => name === candidate.name || name.startsWith(`${candidate.name}_`));
  if (!place) return undefined;
  const { module, within } = place;
  const rest = name.slice(place.name.length + 1);
  return `module.${module.replaceAll("-", "_")}.${type}.${[within, rest].filter(Boolean).join("_")}`;
}

const withoutIndex = (address: string) => address.replace(/\[.*\]$/, "");
const forget = (from: string) => ({ from: withoutIndex(from), lifecycle: { destroy: false } });

/** Blocks for a configuration that calls the modules, on a state of the chat stack. */
export const toModules = ({ moved, stackOnly }: Moves) => ({
  moved: moved.map(({ stack, module }) => ({ from: stack, to: module })),
  removed: stackOnly.map(forget),
});

/** Blocks for the chat stack, on a state of the modules. */
export const toStack = ({ moved, modulesOnly }: Moves) => ({
  moved: moved.map(({ stack, module }) => ({ from: module, to: stack })),
  removed: [...new Set(modulesOnly.map(withoutIndex))].map(forget),
});
