import { runTypeScript } from "../run-typescript.mjs";

await runTypeScript("pipeline/main.ts");
