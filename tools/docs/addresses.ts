import type { EnvironmentData } from "../../environments/schema.ts";
import { Template } from "../../stacks/chat/template.ts";

export const addressFile = ({ environment }: EnvironmentData) => `environments/${environment}.addresses.txt`;

/** The addresses of an environment's resources, one a line. */
export const addressList = (data: EnvironmentData) => `${new Template(data).addresses().join("\n")}\n`;
