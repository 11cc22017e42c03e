import { runTypeScript } from "../../run-typescript.mjs";

await runTypeScript("tools/terraform-offline/main.ts");
