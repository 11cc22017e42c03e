import type { EnvironmentData } from "../../environments/schema.ts";
import { platformStack } from "../../environments/stack-names.ts";
import { Template } from "../../stacks/chat/template.ts";
import { PlatformTemplate } from "../../stacks/platform/template.ts";

const fileOf = (stack: string) => `environments/${stack}.addresses.txt`;
const listOf = (template: Pick<Template, "addresses">) => `${template.addresses().join("\n")}\n`;

/** The addresses of the chat's resources, one a line. */
export const addressList = (data: EnvironmentData) => listOf(new Template(data));

/** The lists of an environment: file and text. */
export const addressFiles = (data: EnvironmentData): (readonly [file: string, text: string])[] => [
  [fileOf(data.environment), addressList(data)],
  [fileOf(platformStack(data.environment)), listOf(new PlatformTemplate(data))],
];
