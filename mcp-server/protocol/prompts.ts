import type { GetPromptResult, ListPromptsResult } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";
import { limits } from "../limits.ts";
import { prompts } from "../prompts.ts";
import { RpcError } from "./rpc-error.ts";

export const listPrompts: ListPromptsResult = {
  prompts: prompts.map(({ name, title, description, arguments: args }) => ({
    name,
    title,
    description,
    arguments: Object.entries(args).map(([argument, meaning]) => ({
      name: argument,
      description: meaning,
      required: true,
    })),
  })),
};

const paramsSchema = z.object({
  name: z.string(),
  // As in tools, null counts as absent.
  arguments: z
    .record(z.string(), z.string().max(limits.textCharacters).nullable())
    .nullish()
    .transform((given) => given ?? {}),
});

/** @throws RpcError for an unknown prompt, or if an argument is missing or too long */
export function getPrompt(params: unknown): GetPromptResult {
  const parsed = paramsSchema.safeParse(params);
  if (!parsed.success)
    throw new RpcError(
      "invalidParams",
      `A prompt has a name, and arguments that are texts of at most ${limits.textCharacters} characters.`,
    );
  const prompt = prompts.find(({ name }) => name === parsed.data.name);
  if (!prompt) {
    const names = prompts.map(({ name }) => name).join(", ");
    throw new RpcError("invalidParams", `There is no such prompt. Known: ${names}.`);
  }
  const given = Object.fromEntries(
    Object.keys(prompt.arguments).map((name) => [name, parsed.data.arguments[name]?.trim() ?? ""]),
  );
  const missing = Object.keys(given).filter((name) => given[name] === "");
  if (missing.length > 0) throw new RpcError("invalidParams", `${missing.join(", ")}: is required.`);
  const text = prompt.text(given);
  return { description: prompt.description, messages: [{ role: "user", content: { type: "text", text } }] };
}
